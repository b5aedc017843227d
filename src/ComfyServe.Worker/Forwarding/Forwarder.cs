using System.Net;
using ComfyServe.Hosting.Web;
using ComfyServe.Worker.Admission;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace ComfyServe.Worker.Forwarding;

/// <summary>Sends a payload to the API service and streams the answer back.</summary>
internal sealed partial class Forwarder(WorkerOptions options, ApiService api, IHttpForwarder forwarder, WorkerAddress address, ILogger<Forwarder> logger)
{
    private readonly ForwarderRequestConfig _config = new()
    {
        ActivityTimeout = options.WorkLimit,
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Forwards a payload to the same route; the answer is written when this returns.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="note">Receives what the client is answered.</param>
    /// <param name="done">Called when the API service has done its work: that can be long before the client has the answer.</param>
    /// <param name="gone">The client went away, or its session was closed.</param>
    public async Task<WorkOutcome> ForwardAsync(HttpContext context, ReadOnlyMemory<byte> payload, AnswerNote note, Action<WorkOutcome> done, CancellationToken gone)
    {
        // The forwarder copies the request's body: from here on, that is the payload.
        context.Request.Body = new PayloadStream(payload);
        context.Request.ContentLength = payload.Length;
        var transformer = new PayloadTransformer(api.Base + context.Request.Path, payload.Length, PublicUrl(), note, done);
        var error = await forwarder.SendAsync(context, api.Base, api.Invoker, _config, transformer, gone);
        if (error == ForwarderError.None)
        {
            transformer.Finish();
            return transformer.Outcome;
        }

        if (gone.IsCancellationRequested || context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
            return WorkOutcome.Cancelled;
        }

        note.Reason = $"its API service did not answer: {error}";
        Log.Broken(logger, context.Request.Path, error, context.Features.Get<IForwarderErrorFeature>()?.Exception?.Message);
        if (!context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }

        return WorkOutcome.Broken;
    }

    /// <summary>Forwards a client's GET of an output as it is: its URL is signed by the API service and ends by itself.</summary>
    public Task ForwardOutputAsync(HttpContext context)
    {
        ConnectionBound.AdmitWhenServed(context);
        return forwarder.SendAsync(context, api.Base, api.Invoker, _config, new OutputTransformer(PublicUrl()), context.RequestAborted).AsTask();
    }

    private Uri? PublicUrl() => address.Url is { } url ? new Uri(url) : null;

    private static partial class Log
    {
        [LoggerMessage(5201, LogLevel.Warning, "Forwarding to '{Route}' broke off with {Error}: {Reason}")]
        public static partial void Broken(ILogger logger, string route, ForwarderError error, string? reason);
    }
}
