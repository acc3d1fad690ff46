# grfmon and its page. The page needs npm at build time; without it the rest is built and says so.
find_package(OpenSSL 3.0 REQUIRED)

file(GLOB grfmon_sources CONFIGURE_DEPENDS clients/monitor/*.cpp)
list(FILTER grfmon_sources EXCLUDE REGEX "monitor/main\\.cpp$")
add_library(grfd_monitor STATIC ${grfmon_sources})
target_include_directories(grfd_monitor PUBLIC ${CPPZMQ_INCLUDE})
target_link_libraries(grfd_monitor PUBLIC grfd_keys grfd_flags nlohmann_json::nlohmann_json PkgConfig::ZMQ Boost::boost OpenSSL::SSL OpenSSL::Crypto
  PRIVATE tomlplusplus::tomlplusplus Boost::program_options)
grfd_unity(grfd_monitor)
# Beast's templates, once plain and once over TLS: with every check in them this one file takes five minutes.
set(web_options -O1)
if(GRFD_SANITIZE MATCHES "undefined")
  set(web_options -O0 -fno-sanitize=null,alignment,vptr,object-size)
endif()
set_source_files_properties(clients/monitor/web_connection.cpp PROPERTIES COMPILE_OPTIONS "${web_options}")
add_executable(grfmon clients/monitor/main.cpp)
target_link_libraries(grfmon PRIVATE grfd_monitor)

option(GRFD_PAGE "Build the web monitor's page; needs npm, Node 18 and the npm registry or a cache of it" ON)
set(page ${PROJECT_BINARY_DIR}/monitor)
find_program(NPM npm)
find_program(NODE node)
set(GRFD_NODE_VERSION "0")
if(NODE)
  execute_process(COMMAND ${NODE} --version OUTPUT_VARIABLE GRFD_NODE_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REPLACE "v" "" GRFD_NODE_VERSION "${GRFD_NODE_VERSION}")
endif()
if(NOT GRFD_PAGE OR GRFD_SANITIZE)  # the page is the same in builds with sanitizers
  add_custom_target(monitor_page)
elseif(NPM AND GRFD_NODE_VERSION VERSION_GREATER_EQUAL 18)
  # npm writes beside package.json, so it works on a copy: the source tree stays clean.
  set(work ${PROJECT_BINARY_DIR}/monitor-page)
  file(GLOB page_sources CONFIGURE_DEPENDS clients/monitor/page/src/*)
  set(page_files ${page_sources})
  foreach(file package.json package-lock.json .npmrc tsconfig.json build.mjs index.html)
    list(APPEND page_files ${PROJECT_SOURCE_DIR}/clients/monitor/page/${file})
  endforeach()
  add_custom_command(OUTPUT ${work}/node_modules/.package-lock.json
    COMMAND ${CMAKE_COMMAND} -E make_directory ${work}
    COMMAND ${CMAKE_COMMAND} -E copy clients/monitor/page/package.json clients/monitor/page/package-lock.json clients/monitor/page/.npmrc ${work}
    COMMAND ${NPM} ci --ignore-scripts --prefix ${work}
    DEPENDS clients/monitor/page/package.json clients/monitor/page/package-lock.json clients/monitor/page/.npmrc
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMENT "npm ci for the monitor's page" VERBATIM)
  add_custom_command(OUTPUT ${page}/index.html ${page}/monitor.js ${page}/monitor.css
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${work}/src
    COMMAND ${CMAKE_COMMAND} -E copy_directory clients/monitor/page/src ${work}/src
    COMMAND ${CMAKE_COMMAND} -E copy clients/monitor/page/tsconfig.json clients/monitor/page/build.mjs clients/monitor/page/index.html ${work}
    COMMAND ${NODE} ${work}/node_modules/typescript/bin/tsc --noEmit -p ${work}
    COMMAND ${NODE} ${work}/build.mjs ${page}
    DEPENDS ${page_files} ${work}/node_modules/.package-lock.json
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMENT "the monitor's page" VERBATIM)
  add_custom_target(monitor_page ALL DEPENDS ${page}/index.html)
  install(DIRECTORY ${page}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/grfd/monitor OPTIONAL)
else()
  message(STATUS "The monitor's page is not built: it needs npm and Node 18 or newer (Debian: apt-get install npm). grfmon itself is built.")
  add_custom_target(monitor_page COMMAND ${CMAKE_COMMAND} -E echo "The monitor's page is not built: npm and Node 18 or newer are missing." VERBATIM)
endif()
install(TARGETS grfmon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
