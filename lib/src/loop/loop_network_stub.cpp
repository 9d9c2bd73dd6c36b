#include "cede/loop/loop_network.hpp"
namespace cede { LoopNetwork::~LoopNetwork() = default; }
