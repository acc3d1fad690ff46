// What `grfctl watch` shows, as lines of at most 80 columns.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "feed_view.hpp"

/// Everything the screen is made of. Forces in N, CoP in m, angles in deg.
struct View {
  const FeedView& feed;
  const nlohmann::json& status;  ///< the last answer to `status`, or null
  std::string control;           ///< address of the control socket, or of the feed when it is alone
  double status_age_s;           ///< since that answer; infinite before the first
  Steady::time_point now;
  bool with_key = false;    ///< keys are in use: one that may command need not be allowed to look
  bool feed_alone = false;  ///< there is no control to ask: no recording, repetitions, devices
};

/// no_data: no measured row, or an old one; no_feed: the daemon answers, but nothing of its feed ever came.
enum class Health { live, no_data, frozen, no_feed, feed_off, no_daemon };
Health health(const View& view);

/// @param colour ANSI colours for the state; @param rows how many lines fit
std::vector<std::string> compose(const View& view, bool colour, std::size_t rows);

/// What must be seen first about the recording: it is not being written, or has holes. Empty: all is well.
std::string recording_trouble(const nlohmann::json& status);

/// For pipes: the heading, and one line of at most 79 characters.
std::string plain_heading();
std::string plain_line(const View& view);
