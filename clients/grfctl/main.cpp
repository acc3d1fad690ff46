#include <cstdio>
int main() { std::puts("grfctl"); }
