# Cumulet in a container: docker compose up
# BASE may be any image with Node.js 22.18 or later, npm and a shell.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS packages
WORKDIR /cumulet
COPY . .
RUN npx --yes "$(node -p 'require("./package.json").packageManager')" install --prod --frozen-lockfile \
 && rm -rf tests tools .ci

FROM ${BASE}
LABEL org.opencontainers.image.title="Cumulet" org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production CUMULET_HOST=0.0.0.0 CUMULET_DATA=/var/lib/cumulet
COPY --from=packages /cumulet /cumulet
VOLUME /var/lib/cumulet
EXPOSE 4566
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4566/_cumulet/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/cumulet/docker/entrypoint.sh"]
CMD ["start"]
