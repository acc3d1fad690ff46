# What cmake --install leaves: files, unit, rules, account.
grfd_test(systemd grfd_drivers)
add_test(NAME install COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/systemd/check.py ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
set_tests_properties(install PROPERTIES SKIP_RETURN_CODE 77)
