namespace ComfyServe.Engine.Execution;

/// <summary>Whether an output may be linked to an input.</summary>
internal static class LinkTypes
{
    private const string Any = "*";

    /// <summary>Equal, or one is <c>*</c>, or the comma-separated lists have a type in common.</summary>
    public static bool Fit(string received, string wanted) =>
        received == wanted || received == Any || wanted == Any
        || Members(received).Intersect(Members(wanted), StringComparer.Ordinal).Any();

    private static string[] Members(string type) => type.Split(',', StringSplitOptions.TrimEntries);
}
