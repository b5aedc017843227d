using ComfyServe.Testing.Guides;

namespace ComfyServe.Cli.Tests;

/// <summary>Every call of our program in the guides is one that the command line takes, also where it cannot be run; see <c>GuideRunTests</c> for those that can.</summary>
public sealed class GuideCommandsTests
{
    private static readonly string[] Marks = ["", "serves", "slow", "serves slow"];

    public static TheoryData<string> Pages() => [.. Directory.GetFiles(GuideBlock.Folder, "*.md").Select(static f => Path.GetFileName(f)).Order()];

    public static TheoryData<string> Commands() => [.. Pages().SelectMany(static p => Lines(p.Data)).Select(Call).OfType<string>().Distinct()];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_OfAGuide_IsTaken(string command)
    {
        var words = command.Replace("$PWD", "/tmp", StringComparison.Ordinal).Replace("~/", "/home/somebody/", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);

        var parsed = CommandLine.Build().Parse([.. words]);

        Assert.Empty(parsed.Errors.Select(static e => e.Message));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Block_OfAGuide_IsRunOrSaysWhyNot(string page)
    {
        Assert.All(GuideBlock.Read(page), static b => Assert.True(b.NotRun is { Length: > 10 } || Marks.Contains(b.Marks), $"{b.Page}:{b.Line}: '{b.Marks}' is neither how it runs nor why it does not"));
        Assert.All(
            GuideBlock.Fenced(page).Where(static b => b.Language is "" or "sh" or "shell" or "console"),
            b => Assert.DoesNotContain(b.Lines, static l => Call(l) is not null));
    }

    // cron's lines have five fields of time first.
    private static IEnumerable<string> Lines(string page) => GuideBlock.Read(page).SelectMany(static b => b.Commands)
        .Concat(GuideBlock.Fenced(page).Where(static b => b.Language == "cron").SelectMany(static b => b.Lines).Select(static l => string.Join(' ', l.Split(' ').Skip(5))));

    /// <summary>The arguments after our program's name, or null where the line calls something else.</summary>
    private static string? Call(string line)
    {
        var words = line.Trim().Split(' ');
        var at = 0;
        while (at < words.Length && words[at].Contains('=', StringComparison.Ordinal) && !words[at].StartsWith('-'))
        {
            at++;
        }

        var isOurs = at < words.Length && (words[at] is "comfyserve" or "./comfyserve" || words[at].EndsWith("/comfyserve", StringComparison.Ordinal));
        return isOurs ? string.Join(' ', words.Skip(at + 1).TakeWhile(static w => w is not ("|" or "&&" or "&") && !w.StartsWith('#') && !w.StartsWith('>') && !w.StartsWith("2>", StringComparison.Ordinal))) : null;
    }
}
