#include <cstdio>
#include "grfd_version.hpp"
int main() { std::puts("grfd " GRFD_VERSION " (" GRFD_BUILD ")"); }
