# One image: `python app.py` is a page that also runs jobs, `python -m comfy.worker` runs jobs only.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home studio
WORKDIR /studio
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py LICENSE pyproject.toml ./
COPY comfy comfy
COPY workflows workflows
COPY assets assets

USER studio
# The data folder is a cache where DATABASE_URL and STUDIO_STORAGE are set; else keep it in a volume.
ENV GRADIO_SERVER_NAME=0.0.0.0 STUDIO_DATA=/home/studio/data PYTHONUNBUFFERED=1
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/healthz', timeout=5)"]
CMD ["python", "app.py"]
