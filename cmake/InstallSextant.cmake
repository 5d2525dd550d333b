# find_package(Sextant) for other projects: headers, generated headers, ODS, libraries, tools.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Sextant)
install(DIRECTORY include/sextant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(DIRECTORY ${PROJECT_BINARY_DIR}/include/sextant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.inc" PATTERN "*.h")
install(DIRECTORY dialects/ DESTINATION ${CMAKE_INSTALL_DATADIR}/sextant/dialects FILES_MATCHING PATTERN "*.td")
install(TARGETS SextantPch EXPORT SextantTargets)
install(EXPORT SextantTargets NAMESPACE Sextant:: DESTINATION ${package_dir})
configure_package_config_file(cmake/SextantConfig.cmake.in ${PROJECT_BINARY_DIR}/SextantConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SextantConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SextantConfig.cmake ${PROJECT_BINARY_DIR}/SextantConfigVersion.cmake
        DESTINATION ${package_dir})
