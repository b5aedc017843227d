using System.Net.Http.Headers;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>The rest of a file, wanted only while it is the same file (RFC 9110, 13.1.5 and 14.2).</summary>
internal sealed record RangeWish(long From, string? EntityTag, DateTimeOffset? LastModified)
{
    /// <summary>Adds <c>Range</c> and, where a validator is known, <c>If-Range</c>.</summary>
    public void ApplyTo(HttpRequestMessage request)
    {
        request.Headers.Range = new RangeHeaderValue(From, null);
        if (EntityTag is not null)
        {
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue(EntityTag));
        }
        else if (LastModified is { } date)
        {
            request.Headers.IfRange = new RangeConditionHeaderValue(date);
        }
    }
}
