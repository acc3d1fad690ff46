#include "grfd_version.hpp"
namespace grfd {
const char* software_version() { return GRFD_VERSION; }
const char* software_build() { return GRFD_BUILD; }
}  // namespace grfd
