using System.Text.Json.Serialization.Metadata;

namespace ComfyServe.Hosting.Json;

/// <summary>Which fields of a body mean nothing: a misspelt one would be ignored without a word.</summary>
public static class UnknownFields
{
    private const int MostTold = 10;
    private const int LongestName = 60;

    /// <summary>A sentence for each, ten at most.</summary>
    /// <param name="given">The names in the body.</param>
    /// <param name="type">What is read; the names of its members are known.</param>
    /// <param name="place">What goes before a name, for example <c>input.</c></param>
    /// <param name="quiet">Names that mean nothing and are not told.</param>
    public static IReadOnlyList<string> Of(IEnumerable<string> given, JsonTypeInfo type, string place = "", IEnumerable<string>? quiet = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        string[] known = [.. type.Properties.Select(static p => p.Name)];
        return
        [
            .. given.Except(known, StringComparer.Ordinal).Except(quiet ?? [], StringComparer.Ordinal).Take(MostTold)
                .Select(f => $"'{place}{(f.Length > LongestName ? f[..LongestName] + "…" : f)}' means nothing here and is ignored; there are {string.Join(", ", known.Select(static k => $"'{k}'"))}"),
        ];
    }
}
