#include "daemon/background_sync.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <thread>

#include "daemon/finalise.hpp"
#include "daemon/journal.hpp"
#include "daemon/session_json.hpp"
#include "recording_fixture.hpp"

BOOST_AUTO_TEST_SUITE(background_sync)

using namespace recording_test;
using namespace std::chrono_literals;

namespace {
/// A journal that has ended, without samples.
std::string ended_journal(const std::string& folder) {
  const std::string path = folder + "/a.journal";
  JournalWriter writer(path);
  BOOST_REQUIRE_EQUAL(writer.append(BlockKind::session, session_to_json(make_session(folder)).dump()), 0);
  BOOST_REQUIRE_EQUAL(writer.append(BlockKind::end, std::string("{}")), 0);
  BOOST_REQUIRE_EQUAL(writer.request_sync(), 0);
  return path;
}
}  // namespace

BOOST_AUTO_TEST_CASE(what_the_disk_refuses_is_told_once) {
  Folder folder;
  int ends[2];
  BOOST_REQUIRE_EQUAL(::pipe(ends), 0);  // a pipe cannot be synced
  {
    BackgroundSync sync(ends[1], folder.path + "/pipe");
    BOOST_CHECK_EQUAL(sync.take_error(), 0);
    sync.request();
    int error = 0;
    for (int i = 0; i < 5000 && error == 0; ++i) {
      std::this_thread::sleep_for(1ms);
      error = sync.take_error();
    }
    BOOST_CHECK_EQUAL(error, EINVAL);
    BOOST_CHECK_EQUAL(sync.take_error(), 0);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_missing_folder_is_an_error_and_requests_end_with_the_object) {
  Folder folder;
  const int fd = ::open((folder.path + "/f").c_str(), O_WRONLY | O_CREAT, 0644);
  BOOST_REQUIRE(fd >= 0);
  {
    BackgroundSync sync(fd, folder.path + "/gone/f");
    sync.request();
    int error = 0;
    for (int i = 0; i < 5000 && error == 0; ++i) {
      std::this_thread::sleep_for(1ms);
      error = sync.take_error();
    }
    BOOST_CHECK_EQUAL(error, ENOENT);
    for (int i = 0; i < 1000; ++i) sync.request();
  }
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(finalising_waits_for_another_process_when_told_to) {
  Folder folder;
  const std::string path = ended_journal(folder.path);
  const int other = ::open(path.c_str(), O_RDONLY);
  BOOST_REQUIRE_EQUAL(::flock(other, LOCK_EX), 0);
  BOOST_CHECK_THROW(finalise(path), JournalInUse);
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    ::close(other);
  });
  FinaliseOptions options;
  options.wait = true;
  const FinaliseReport report = finalise(path, options);
  later.join();
  BOOST_CHECK(!report.already_there);
  BOOST_CHECK(report.clean_end);
  BOOST_CHECK_EQUAL(report.h5_path, folder.path + "/a.h5");
  BOOST_CHECK((folder.files() == std::vector<std::string>{"a.h5"}));
}

BOOST_AUTO_TEST_CASE(what_another_process_has_finalised_meanwhile_is_done) {
  Folder folder;
  const std::string path = ended_journal(folder.path);
  const int other = ::open(path.c_str(), O_RDONLY);
  BOOST_REQUIRE_EQUAL(::flock(other, LOCK_EX), 0);
  std::thread later([&] {  // as another finalise ends
    std::this_thread::sleep_for(100ms);
    ::close(::open((folder.path + "/a.h5").c_str(), O_WRONLY | O_CREAT, 0644));
    ::unlink(path.c_str());
    ::close(other);
  });
  FinaliseOptions options;
  options.wait = true;
  const FinaliseReport report = finalise(path, options);
  later.join();
  BOOST_CHECK(report.already_there);
  BOOST_CHECK_EQUAL(report.h5_path, folder.path + "/a.h5");
  BOOST_CHECK(finalise(path, options).already_there);  // it was there before this one began
  BOOST_CHECK_THROW(finalise(path), std::exception);
  ::unlink((folder.path + "/a.h5").c_str());
  BOOST_CHECK_THROW(finalise(path, options), std::exception);
}

BOOST_AUTO_TEST_SUITE_END()
