# The functions of dsp/ on arrays, and streams that no recording holds, for tests/accuracy/run. Not part of `all`.
add_executable(accuracy_direct EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/direct.cpp
               ${CMAKE_CURRENT_LIST_DIR}/direct_plates.cpp
               ${CMAKE_CURRENT_LIST_DIR}/direct_inertial.cpp
               ${CMAKE_CURRENT_LIST_DIR}/direct_fast.cpp
               ${CMAKE_CURRENT_LIST_DIR}/direct_calibration.cpp)
target_link_libraries(accuracy_direct PRIVATE grfd_daemon grfd_drivers grfd_dsp nlohmann_json::nlohmann_json)
