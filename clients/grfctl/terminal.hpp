// The terminal of `grfctl watch`: an own screen while it lives, the old one afterwards, however the program ends.
#pragma once
#include <string>
#include <vector>

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// False for pipes, files and TERM=dumb: then there is no screen, only lines.
  bool is_screen() const { return screen_; }
  /// True after SIGINT, SIGTERM or SIGHUP.
  static bool asked_to_end();
  /// After Ctrl-Z: gives the screen back, stops, and takes it again when continued.
  void stop_if_asked();
  /// Draws the lines from the top, cropped to the window and to 80 columns; what was there before is gone.
  void draw(const std::vector<std::string>& lines);

 private:
  void enter();
  void leave();
  bool screen_ = false, entered_ = false;
};

/// One line for a terminal: control characters as ?, at most `columns` characters; colours (ESC [ ... m) cost no place.
std::string fit(const std::string& line, std::size_t columns);
