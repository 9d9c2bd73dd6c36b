# Sets CEDE_SANITIZE_FLAGS. The library target carries them as PUBLIC: a sanitized library needs the sanitizer's runtime
# in every program that links it, an installed one's users included.
set(CEDE_SANITIZE_FLAGS "")
if(CEDE_SANITIZE)
  if(NOT CEDE_SANITIZE MATCHES "^(address|undefined|address,undefined|undefined,address|thread)$")
    message(FATAL_ERROR "CEDE_SANITIZE is '${CEDE_SANITIZE}': use address,undefined or thread")
  endif()
  # A report that a test survives is a report that nobody reads, so undefined behaviour ends the process too.
  set(CEDE_SANITIZE_FLAGS -fsanitize=${CEDE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
endif()
