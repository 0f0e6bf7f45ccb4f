# Installs the two libraries, the public headers, libh4mk.pc and the CMake package.
include(CMakePackageConfigHelpers)

set(H4MK_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/h4mk)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

install(TARGETS h4mk EXPORT h4mkTargets
        LIBRARY COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS h4mk_static EXPORT h4mkStaticTargets)
install(DIRECTORY include/h4mk DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

install(EXPORT h4mkTargets NAMESPACE h4mk:: DESTINATION ${H4MK_CMAKE_DIR})
install(EXPORT h4mkStaticTargets NAMESPACE h4mk:: DESTINATION ${H4MK_CMAKE_DIR})
configure_package_config_file(cmake/h4mkConfig.cmake.in h4mkConfig.cmake
  INSTALL_DESTINATION ${H4MK_CMAKE_DIR})
write_basic_package_version_file(h4mkConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/h4mkConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/h4mkConfigVersion.cmake
        DESTINATION ${H4MK_CMAKE_DIR})

# libh4mk.pc finds its prefix from its own place, so that an installed tree can be moved.
file(RELATIVE_PATH H4MK_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/libh4mk.pc.in libh4mk.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libh4mk.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
