#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

volatile std::sig_atomic_t g_end = 0, g_stop = 0;

void on_signal(int number) {
  if (number == SIGTSTP)
    g_stop = 1;
  else
    g_end = 1;
}

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

Terminal::Terminal() {
  const char* term = std::getenv("TERM");
  screen_ = isatty(STDOUT_FILENO) && term && *term && std::strcmp(term, "dumb") != 0;
  struct sigaction action {};
  action.sa_handler = on_signal;  // no SA_RESTART: waiting ends at once
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  if (screen_) sigaction(SIGTSTP, &action, nullptr);
}

Terminal::~Terminal() { leave(); }

bool Terminal::asked_to_end() { return g_end != 0; }

void Terminal::enter() {
  if (screen_ && !entered_) put("\x1b[?1049h\x1b[?25l\x1b[2J");
  entered_ = screen_;
}

void Terminal::leave() {
  if (entered_) put("\x1b[0m\x1b[?25h\x1b[?1049l");
  entered_ = false;
}

void Terminal::stop_if_asked() {
  if (!g_stop) return;
  g_stop = 0;
  leave();
  std::raise(SIGSTOP);
}

void Terminal::draw(const std::vector<std::string>& lines) {
  enter();
  winsize size{};
  std::size_t columns = 80, rows = 24;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    columns = std::min<std::size_t>(size.ws_col, 80);
    rows = size.ws_row;
  }
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < lines.size() && i < rows; ++i)
    out += (i ? "\r\n" : "") + fit(lines[i], columns) + "\x1b[0m\x1b[K";
  put(out + "\x1b[J");
}

std::string fit(const std::string& line, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < line.size();) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == 0x1b && i + 1 < line.size() &&
        line[i + 1] == '[') {  // our own colours; texts from the daemon come through plain()
      const std::size_t end = line.find('m', i);
      if (end == std::string::npos) break;
      out += line.substr(i, end - i + 1);
      i = end + 1;
      continue;
    }
    if (used == columns) break;
    const std::size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    out += c < 0x20 || c == 0x7f ? "?" : line.substr(i, length);
    i += length;
    ++used;
  }
  return out;
}
