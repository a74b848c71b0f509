# The function app in a container, for a cloud that has no Azure Functions of its own (docs/portability.md). Build it from
# what `make package` left:  make package && docker build --tag private-identity-control .
# tests/package/test_dockerfile.py holds rules to it.
FROM mcr.microsoft.com/azure-functions/python:4-python3.13

# The host reads the app from here; logs go to standard output.
ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    ASPNETCORE_URLS=http://+:8080

# Owned by root, and read only for whoever runs: a fault in the app cannot change the app.
COPY --chown=root:root build/package /home/site/wwwroot
RUN ["chmod", "-R", "a=rX", "/home/site/wwwroot"]

# A number, so that an orchestrator can see that it is not root. It may bind no port below 1024.
USER 10001:10001
EXPOSE 8080

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
