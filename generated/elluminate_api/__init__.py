"""Models and request builders of the elluminate API, generated from openapi.yaml. Do not edit: run ./codegen.sh."""
