namespace ComfyServe.Hosting.Browsers;

/// <summary>Takes hosts with ports apart, as they stand in <c>Host</c> and <c>Origin</c>.</summary>
internal static class Authority
{
    /// <summary>The name (of an IPv6 address without its brackets) and the port, blank where there is none. False for what is no authority.</summary>
    public static bool TrySplit(string text, out string name, out string port)
    {
        (name, port) = ("", "");
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || (end + 1 < text.Length && text[end + 1] != ':'))
            {
                return false;
            }

            (name, port) = (text[1..end], end + 1 < text.Length ? text[(end + 2)..] : "");
        }
        else
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            (name, port) = colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
        }

        return name.Length > 0 && name.AsSpan().IndexOfAny('@', '/', ' ') < 0 && port.All(char.IsAsciiDigit);
    }

    /// <summary>The authority of an origin such as <c>https://example.org:8443</c>. False for <c>null</c> and other texts.</summary>
    public static bool TryOfOrigin(string origin, out string authority)
    {
        var start = origin.IndexOf("://", StringComparison.Ordinal);
        authority = start < 0 ? "" : origin[(start + 3)..];
        var end = authority.AsSpan().IndexOfAny('/', '?', '#');
        authority = end < 0 ? authority : authority[..end];
        return authority.Length > 0;
    }

    /// <summary>Whether an origin is that of a host. A port counts only where both name one.</summary>
    public static bool IsSame(string host, string origin) =>
        TrySplit(host, out var name, out var port) && TryOfOrigin(origin, out var other) && TrySplit(other, out var otherName, out var otherPort)
        && name.Equals(otherName, StringComparison.OrdinalIgnoreCase) && (port.Length == 0 || otherPort.Length == 0 || port == otherPort);
}
