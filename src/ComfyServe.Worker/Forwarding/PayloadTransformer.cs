using System.Net;
using System.Net.Http.Headers;
using ComfyServe.Worker.Admission;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace ComfyServe.Worker.Forwarding;

/// <summary>
/// Shapes one forwarded request: the payload alone goes on, without the client's headers and query (they carry keys); the
/// answer comes back as it is, except that a failed workflow's 500 becomes a 422. Made for each request.
/// </summary>
internal sealed class PayloadTransformer(string destination, int payloadBytes, Uri? publicUrl, AnswerNote note, Action<WorkOutcome> done) : HttpTransformer
{
    private HttpStatusCode? _status;
    private bool _failedForGood;
    private bool _finished;

    /// <summary>What the API service's answer says of the work.</summary>
    public WorkOutcome Outcome => _status switch
    {
        null => WorkOutcome.Broken,
        >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => WorkOutcome.Served,
        HttpStatusCode.InternalServerError => _failedForGood ? WorkOutcome.Answered : WorkOutcome.Broken,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or > HttpStatusCode.InternalServerError => WorkOutcome.Broken,
        _ => WorkOutcome.Answered,
    };

    /// <summary>The API service has done its work.</summary>
    public void Finish()
    {
        if (!_finished)
        {
            _finished = true;
            done(Outcome);
        }
    }

    /// <inheritdoc/>
    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.RequestUri = new Uri(destination);
        if (proxyRequest.Content is { } content)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            content.Headers.ContentLength = payloadBytes;
        }

        PublicAddress.Tell(proxyRequest, publicUrl);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        _status = proxyResponse?.StatusCode;
        note.Status = _status is { } status ? (int)status : 0;
        note.JobId = JobIdOf(proxyResponse);
        var copies = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse is not { StatusCode: HttpStatusCode.InternalServerError })
        {
            // An answer of known length was made before it was sent; a stream goes on while the work does.
            if (proxyResponse?.Content.Headers.ContentLength is not null)
            {
                Finish();
            }

            return copies;
        }

        await using var answer = await proxyResponse.Content.ReadAsStreamAsync(cancellationToken);
        var failure = await FailedAnswer.ReadAsync(answer, cancellationToken);
        _failedForGood = failure.IsFinal;
        if (failure.IsFinal)
        {
            httpContext.Response.StatusCode = note.Status = StatusCodes.Status422UnprocessableEntity;
        }

        Finish();

        await httpContext.Response.Body.WriteAsync(failure.Head, cancellationToken);
        await answer.CopyToAsync(httpContext.Response.Body, cancellationToken);
        return false;
    }

    private static string? JobIdOf(HttpResponseMessage? answer) =>
        answer is not null && answer.Headers.TryGetValues("X-Job-Id", out var values) && values.First() is { Length: > 0 and <= 255 } id ? id : null;
}
