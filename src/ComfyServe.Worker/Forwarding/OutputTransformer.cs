using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace ComfyServe.Worker.Forwarding;

/// <summary>Shapes a forwarded GET of an output: no credentials go on, the rest does.</summary>
internal sealed class OutputTransformer(Uri? publicUrl) : HttpTransformer
{
    /// <inheritdoc/>
    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.Headers.Authorization = null;
        proxyRequest.Headers.Remove("Cookie");
        PublicAddress.Tell(proxyRequest, publicUrl);
    }
}
