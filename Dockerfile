# Zoobot in a container, from the wheel that `cargo xtask dist` leaves in dist/:
#
#   docker build --tag zoobot .
#   docker run --rm --publish 8888:8888 --volume "$PWD:/work" zoobot
#
# libtorch, JupyterLab and the compiler of cells are in the image, so the container needs no network.
FROM debian:stable-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY dist/*.whl /tmp/
RUN python3 -m venv /opt/zoobot \
    && /opt/zoobot/bin/pip install --no-cache-dir /tmp/*.whl \
    && rm /tmp/*.whl
ENV PATH=/opt/zoobot/bin:$PATH ZOOBOT_HOME=/opt/zoobot-home
RUN zoobot setup \
    && mkdir -p /etc/jupyter/jupyter_server_config.d \
    && echo '{"ServerApp": {"ip": "0.0.0.0"}}' > /etc/jupyter/jupyter_server_config.d/container.json
WORKDIR /work
EXPOSE 8888
CMD ["zoobot", "start", "--no-browser", "--port", "8888", "--folder", "/work"]
