# The real libusb against emulated devices: umockdev stands in for the kernel.
if(NOT UMOCKDEV_FOUND)
  message(STATUS "umockdev (libumockdev-dev) not found: the test simulated_usb is not built")
  return()
endif()
find_program(UMOCKDEV_WRAPPER umockdev-wrapper)
if(NOT UMOCKDEV_WRAPPER)
  message(STATUS "umockdev-wrapper (package umockdev) not found: the test simulated_usb is not built")
  return()
endif()
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
add_executable(test_simulated_usb ${sources})
grfd_test_program(test_simulated_usb grfd_daemon grfd_drivers PkgConfig::UMOCKDEV PkgConfig::USB ${CMAKE_DL_LIBS})
add_test(NAME simulated_usb COMMAND ${UMOCKDEV_WRAPPER} $<TARGET_FILE:test_simulated_usb>)
set_tests_properties(simulated_usb PROPERTIES TIMEOUT 180
  ENVIRONMENT "ASAN_OPTIONS=verify_asan_link_order=0;TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/tsan.supp")

# The real grfd in one process, its devices in another.
add_executable(simulated_usb_host ${CMAKE_CURRENT_LIST_DIR}/process/usb_host.cpp ${CMAKE_CURRENT_LIST_DIR}/process/remote_node.cpp
  ${CMAKE_CURRENT_LIST_DIR}/simulated_usb.cpp ${CMAKE_CURRENT_LIST_DIR}/usbfs_node.cpp)
target_link_libraries(simulated_usb_host PRIVATE grfd_daemon grfd_drivers nlohmann_json::nlohmann_json PkgConfig::UMOCKDEV ${CMAKE_DL_LIBS})
if(GRFD_SANITIZE)
  message(STATUS "sanitizer build: the test simulated_usb_process is left out, its emulated sensors keep to the wall clock")
  return()
endif()
add_test(NAME simulated_usb_process
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/process/process_test.py ${UMOCKDEV_WRAPPER} $<TARGET_FILE:simulated_usb_host>
    $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/config/demo.toml)
set_tests_properties(simulated_usb_process PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120 RUN_SERIAL ON)  # as end_to_end_life
