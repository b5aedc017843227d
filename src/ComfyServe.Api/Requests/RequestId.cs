using System.Buffers;

namespace ComfyServe.Api.Requests;

/// <summary>The form of ids that callers may choose: safe as a file name and as part of an object's key.</summary>
internal static class RequestId
{
    private const int MaxLength = 128;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Whether <paramref name="id"/> is <c>[A-Za-z0-9][A-Za-z0-9._-]{0,127}</c> without <c>..</c>.</summary>
    public static bool IsValid(string id) =>
        id.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit(id[0])
        && id.AsSpan().IndexOfAnyExcept(Allowed) < 0 && !id.Contains("..", StringComparison.Ordinal);
}
