namespace ComfyServe.Testing.Guides;

/// <summary>
/// A block of commands in a guide. What follows <c>bash</c> after the fence says how it is tried: nothing (it runs to its end),
/// <c>serves</c> (its last line runs until the page's next such block, or its end), <c>slow</c> (only in the full check), or
/// <c>not-run: REASON</c>.
/// </summary>
/// <param name="Page">The guide's file name.</param>
/// <param name="Line">Where the block begins.</param>
/// <param name="Marks">What follows <c>bash</c>.</param>
/// <param name="Commands">Its lines.</param>
public sealed record GuideBlock(string Page, int Line, string Marks, IReadOnlyList<string> Commands)
{
    private const string NotRunMark = "not-run:";

    /// <summary>Why it cannot be run by a test; null where it can.</summary>
    public string? NotRun => Marks.StartsWith(NotRunMark, StringComparison.Ordinal) ? Marks[NotRunMark.Length..].Trim() : null;

    /// <summary>Whether its last line keeps running.</summary>
    public bool Serves => NotRun is null && Marks.Split(' ').Contains("serves");

    /// <summary>Whether it takes minutes.</summary>
    public bool IsSlow => NotRun is null && Marks.Split(' ').Contains("slow");

    /// <summary>The folder of the guides.</summary>
    public static string Folder => Path.Combine(RepositoryRoot.Path, "docs", "guides");

    /// <summary>All blocks of commands of a guide, in order.</summary>
    public static IReadOnlyList<GuideBlock> Read(string page) =>
        [.. Fenced(page).Where(b => b.Language.Split(' ')[0] is "bash").Select(b => new GuideBlock(page, b.Line, b.Language["bash".Length..].Trim(), b.Lines))];

    /// <summary>All fenced blocks of a guide: language with what follows it, line and content.</summary>
    public static IEnumerable<(string Language, int Line, IReadOnlyList<string> Lines)> Fenced(string page)
    {
        var (lines, fence) = (new List<string>(), default(string));
        var (number, begun) = (0, 0);
        foreach (var line in File.ReadLines(Path.Combine(Folder, page)))
        {
            number++;
            if (!line.StartsWith("```", StringComparison.Ordinal))
            {
                lines.Add(line);
            }
            else if (fence is null)
            {
                (fence, begun) = (line[3..].Trim(), number);
                lines.Clear();
            }
            else
            {
                yield return (fence, begun, [.. lines]);
                fence = null;
            }
        }
    }
}
