using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using ComfyServe.Api.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ComfyServe.Api.Requests;

/// <summary>Server-sent events about one job until it is over. A caller who goes away does not end the job: he may come back with <c>Last-Event-ID</c>.</summary>
internal sealed class EventStream(Job job, long after, JobQueues queues, ApiOptions options, TimeProvider time) : IResult
{
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            var previews = Flag.IsYes(httpContext.Request.Headers["X-Stream-Previews"]) || Flag.IsYes(httpContext.Request.Query["previews"]);
            var withResponse = GenerateApi.IncludesResponse(httpContext.Request, options);
            await WriteAsync(response.BodyWriter, previews, withResponse, httpContext.RequestAborted);
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The caller went away.
        }
    }

    private async Task WriteAsync(PipeWriter body, bool previews, bool withResponse, CancellationToken cancellationToken)
    {
        var events = job.Events;
        var position = after;
        var preview = 0L;
        var place = new JobPlace();
        var written = time.GetTimestamp();
        while (true)
        {
            var page = events.After(position);
            foreach (var happened in page.Events)
            {
                Frame(body, happened.Id, happened.Name, happened.Body.Span);
            }

            position = page.Last;
            var wrote = page.Events.Count > 0;
            if (previews && page.Preview is { } image && image.Id > preview)
            {
                preview = image.Id;
                Frame(body, null, image.Name, image.Body.Span);
                wrote = true;
            }

            if (page.Ended && !job.Finished.IsCompleted)
            {
                await body.FlushAsync(cancellationToken);
                return; // The service stops; the caller comes back with Last-Event-ID.
            }

            if (page.Ended)
            {
                var last = job.Snapshot;
                var elapsed = TimeSpan.FromMilliseconds(last.Timings.TotalMs ?? 0);
                Frame(body, page.Last + 1, null, JobEventText.Final(job.Id, Answers.ToJson(last.ToResult(job.Id, withResponse)), elapsed));
                await body.FlushAsync(cancellationToken);
                return;
            }

            wrote |= TellPlace(body, ref place);
            if (!wrote && time.GetElapsedTime(written) >= options.StreamHeartbeat)
            {
                body.Write(": heartbeat\n\n"u8);
                wrote = true;
            }

            if (wrote)
            {
                written = time.GetTimestamp();
                await body.FlushAsync(cancellationToken);
            }

            await WaitAsync(page.Changed, place.Position > 0 ? Glance : options.StreamHeartbeat, cancellationToken);
        }
    }

    /// <summary>While the job waits for an engine, its place is told whenever it changed.</summary>
    private bool TellPlace(PipeWriter body, ref JobPlace place)
    {
        var now = queues.PlaceOf(job);
        var moved = now.Position > 0 && (now.Position != place.Position || now.Size != place.Size);
        place = now;
        if (!moved)
        {
            return false;
        }

        Frame(body, null, null, JobEventText.Status(job.Id, job.Snapshot, now, null, time.GetUtcNow(), job.Elapsed));
        return true;
    }

    private async Task WaitAsync(Task changed, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(changed, Task.Delay(patience, time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static void Frame(PipeWriter body, long? id, string? name, ReadOnlySpan<byte> data)
    {
        if (id is { } number)
        {
            body.Write(Encoding.ASCII.GetBytes($"id: {number.ToString(CultureInfo.InvariantCulture)}\n"));
        }

        if (name is not null)
        {
            body.Write(Encoding.ASCII.GetBytes($"event: {name}\n"));
        }

        body.Write("data: "u8);
        body.Write(data);
        body.Write("\n\n"u8);
    }
}
