using System.Text;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Owners;

/// <summary>Finds owners' folders in texts.</summary>
internal static class OwnerNames
{
    private const string Start = "o-";

    /// <summary>Where the next folder's name begins; −1 without one. Case is ignored, as some file systems do.</summary>
    public static int Find(string text, int from)
    {
        while ((from = text.IndexOf(Start, from, StringComparison.OrdinalIgnoreCase)) >= 0)
        {
            if (from + OwnerFolder.Length <= text.Length && OwnerFolder.IsOne(text.Substring(from, OwnerFolder.Length).ToLowerInvariant()))
            {
                return from;
            }

            from++;
        }

        return -1;
    }

    /// <summary>All folders' names, as they stand there.</summary>
    public static IEnumerable<string> All(string text)
    {
        for (var at = Find(text, 0); at >= 0; at = Find(text, at + OwnerFolder.Length))
        {
            yield return text.Substring(at, OwnerFolder.Length);
        }
    }

    /// <summary>The text with something else in place of every folder's name.</summary>
    public static string Hide(string text, string replacement)
    {
        var hidden = new StringBuilder();
        var from = 0;
        for (var at = Find(text, 0); at >= 0; at = Find(text, from))
        {
            hidden.Append(text, from, at - from).Append(replacement);
            from = at + OwnerFolder.Length;
        }

        return from == 0 ? text : hidden.Append(text, from, text.Length - from).ToString();
    }
}
