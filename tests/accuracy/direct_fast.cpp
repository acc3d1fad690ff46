// fast/* goes to the feed alone, so it is taken here from the engine, with the truth of its instants.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/assembly.hpp"
#include "daemon/config.hpp"
#include "daemon/outlet.hpp"
#include "daemon/simulate.hpp"
#include "tests/accuracy/direct.hpp"

namespace grfd::accuracy {
namespace {

/// Keeps the rows of some streams: time in s, then the values.
class Keeper final : public Outlet {
 public:
  explicit Keeper(const Session& session) : start_(session.start) {
    for (std::size_t i = 0; i < session.streams.size(); ++i) {
      const StreamInfo& info = session.streams[static_cast<StreamId>(i)];
      const bool wanted = info.name.starts_with("fast/") || info.name.starts_with("truth/plate/") ||
                          info.name.starts_with("truth/ankle/");
      kept_.push_back({wanted, info, {}});
    }
  }
  void take(std::span<const Sample> samples) noexcept override {
    for (const Sample& s : samples) {
      Kept& kept = kept_[s.stream];
      if (!kept.wanted || kept.info.parts() != 1) continue;
      kept.rows.push_back(static_cast<double>(s.t - start_) * 1e-9);
      for (std::size_t c = 0; c < kept.info.columns.size(); ++c)
        kept.rows.push_back(static_cast<double>(value<float>(s, c)));
    }
  }
  void write() const {
    nlohmann::json head = nlohmann::json::array();
    Numbers all;
    for (const Kept& kept : kept_) {
      if (!kept.wanted) continue;
      const std::size_t width = kept.info.columns.size() + 1;
      nlohmann::json columns = nlohmann::json::array({"t"});
      for (const Column& c : kept.info.columns) columns.push_back(c.name);
      head.push_back({{"name", kept.info.name}, {"columns", columns}, {"rows", kept.rows.size() / width}});
      all.insert(all.end(), kept.rows.begin(), kept.rows.end());
    }
    std::cout << head.dump() << "\n";
    write_numbers(all);
  }

 private:
  struct Kept {
    bool wanted;
    StreamInfo info;
    Numbers rows;
  };
  TimeNs start_;
  std::vector<Kept> kept_;
};

}  // namespace

void fast(const Words& arguments) {
  Settings settings = load_config(arguments.at(0), {arguments.begin() + 3, arguments.end()});
  std::optional<Keeper> keeper;
  SimulateOptions options{.output = arguments.at(1), .seconds = std::stod(arguments.at(2))};
  options.assembled = [&keeper](Assembly& assembly) { assembly.engine->add_outlet(keeper.emplace(assembly.session)); };
  simulate(std::move(settings), options);
  keeper->write();
}

}  // namespace grfd::accuracy
