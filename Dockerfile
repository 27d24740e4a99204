# An image of nothing but the binary, which is static:
#
#     docker build -t ferroduct .
#     docker run -p 8083:8083 -e CONNECT_BOOTSTRAP_SERVERS=kafka:9092 … ferroduct
#
# It is configured by variables of the environment (docs/distributed.md); `ferroduct standalone` takes files, too.
FROM rust:1-bookworm AS build
ARG TARGETARCH
ARG FERRODUCT_COMMIT=unknown
ENV FERRODUCT_COMMIT=$FERRODUCT_COMMIT
WORKDIR /source
RUN apt-get update \
    && apt-get install -y --no-install-recommends musl-tools \
    && rm -rf /var/lib/apt/lists/*
RUN case "$TARGETARCH" in arm64) target=aarch64 ;; *) target=x86_64 ;; esac \
    && echo "$target-unknown-linux-musl" > /target \
    && rustup target add "$(cat /target)"
COPY . .
RUN cargo build --release --locked --package ferroduct --target "$(cat /target)" \
    && install -D "target/$(cat /target)/release/ferroduct" /image/usr/local/bin/ferroduct \
    && install -d -o 65532 -g 65532 /image/var/lib/ferroduct /image/tmp

FROM scratch
COPY --from=build /image /
USER 65532:65532
# Where files of standalone workers and of file connectors may be; a volume keeps them.
WORKDIR /var/lib/ferroduct
EXPOSE 8083
# The first start may have to make topics.
HEALTHCHECK --start-period=60s --interval=10s --timeout=15s CMD ["/usr/local/bin/ferroduct", "health"]
# It is process 1 itself, so SIGTERM reaches it: it ends its tasks, commits and leaves the group.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/ferroduct"]
CMD ["distributed"]
