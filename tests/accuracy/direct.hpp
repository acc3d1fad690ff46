// The functions of dsp/ called directly, in double, on arrays of other programs.
#pragma once
#include <string>
#include <vector>

namespace grfd::accuracy {

using Words = std::vector<std::string>;
using Numbers = std::vector<double>;

/// All of standard input as native doubles. @throws std::runtime_error unless it is a whole number of rows
Numbers read_rows(std::size_t columns);
void write_numbers(const Numbers& numbers);

// Each reads its arguments and standard input, and writes doubles to standard output; see direct.cpp.
void plates(const Words& arguments);
void points(const Words& arguments);
void stance(const Words& arguments);
void orientation(const Words& arguments);
void ankle(const Words& arguments);
void joint(const Words& arguments);
void fast(const Words& arguments);
void commands(const Words& arguments);
void legs(const Words& arguments);

}  // namespace grfd::accuracy
