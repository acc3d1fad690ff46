# The page in Chromium. 77: npm, chromium or the page is missing, the test says which.
if(GRFD_SANITIZE OR NOT GRFD_PAGE)
  return()
endif()
foreach(part numbers ties faults commands pairing performance latency)
  add_test(NAME monitor_page_${part} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-page ${part} ${PROJECT_BINARY_DIR})
  set_tests_properties(monitor_page_${part} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600 RESOURCE_LOCK chromium)
endforeach()
