namespace ComfyServe.Worker.Forwarding;

/// <summary>Tells the API service under which address its caller called: it makes the URLs of its own object store from that.</summary>
internal static class PublicAddress
{
    /// <summary>Sets the usual headers of proxies. <c>Host</c> stays the API service's own: it answers to no other name.</summary>
    public static void Tell(HttpRequestMessage request, Uri? publicUrl)
    {
        request.Headers.Host = null;
        request.Headers.Remove("X-Forwarded-Host");
        request.Headers.Remove("X-Forwarded-Proto");
        if (publicUrl is not null)
        {
            request.Headers.Add("X-Forwarded-Host", publicUrl.Authority);
            request.Headers.Add("X-Forwarded-Proto", publicUrl.Scheme);
        }
    }
}
