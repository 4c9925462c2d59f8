# The image: one static binary and a handful of empty folders. Nothing of the build stage is left in it.
ARG BASE=debian:trixie-slim
FROM $BASE AS build
WORKDIR /src

# The compiler and Mbed TLS first: this layer is built once and reused while the sources change.
COPY scripts/deps scripts/mbedtls-config.h scripts/
RUN scripts/deps build

COPY Makefile ./
COPY scripts/image-root scripts/build-date scripts/link.ld scripts/
COPY core core
COPY applets applets
# Every time in the layer, seconds since 1970: with it, two builds are the same to the byte.
ARG SOURCE_DATE_EPOCH=0
RUN make image-root && mv build/image-root /image-root

FROM scratch
# One COPY: a second one of the same binary would be a second layer of its size.
COPY --from=build /image-root /
LABEL org.opencontainers.image.title="chronobox" \
      org.opencontainers.image.description="NTP client and server, chrony's configuration and tools, in one static binary" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/bin
EXPOSE 123/udp
ENTRYPOINT ["/bin/entrypoint"]
CMD ["chronyd"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["healthcheck"]
