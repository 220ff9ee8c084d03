"""Getting the files of messages: from where an application says they are, or from a phone."""

from simulator.texts.media import MAX_BYTES, File, MediaError, check_file, check_total, read_data_url
from simulator.web.webhooks import Hook, Webhooks


async def fetch_file(webhooks: Webhooks, sid: str, address: str) -> File:
    """Fetch one file of the message `sid`; MediaError has the code of what went wrong, and the record says it, too."""
    hook = Hook("media", sid, address, "GET", truncate=True, limit=MAX_BYTES + 1)
    reply = await webhooks.fetch(hook)
    if reply.error is not None:
        raise MediaError(reply.error, "the file could not be fetched")
    try:
        return check_file(reply.content_type, reply.body)
    except MediaError as error:
        reply.entry.alert(error.code, str(error))
        raise


async def take_files(webhooks: Webhooks, sid: str, files: tuple[File | str, ...], body: str) -> list[File]:
    """Bring together all files of a message, fetching those that are addresses; MediaError where one cannot be sent."""
    taken: list[File] = []
    for file in files:
        if isinstance(file, str):
            taken.append(read_data_url(file) if file.startswith("data:") else await fetch_file(webhooks, sid, file))
        else:
            taken.append(check_file(file.content_type, file.content))
    check_total(taken, body)
    return taken
