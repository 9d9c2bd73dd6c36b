#!/bin/sh
# HTTP/1.1 on nginx: one process, the answer from memory. Prints its port.
# usage: nginx.sh FOLDER     where to put its configuration
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
port=$((20000 + $$ % 10000))
cat >"$folder/nginx.conf" <<END
daemon off;
master_process off;
pid $folder/pid;
error_log /dev/null;
events { worker_connections 20000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;
  uwsgi_temp_path $folder; scgi_temp_path $folder;
  server {
    listen 127.0.0.1:$port backlog=4096;
    location / { default_type text/plain; return 200 "hello\n"; }
  }
}
END
echo $port
exec nginx -p "$folder" -c "$folder/nginx.conf"
