FROM python:3.13-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE openapi.yaml ./
COPY elluminate elluminate
COPY elluminate_server elluminate_server
COPY generated generated
RUN pip install --no-cache-dir -c constraints.txt ".[server,scale]" \
    && useradd --create-home elluminate
USER elluminate
ENTRYPOINT ["elluminate"]
CMD ["serve", "--host", "0.0.0.0"]
