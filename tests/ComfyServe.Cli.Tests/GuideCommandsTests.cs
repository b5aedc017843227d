using ComfyServe.Testing;

namespace ComfyServe.Cli.Tests;

/// <summary>Every call of our program in the guides, the reference and deploy/ is one that the command line takes.</summary>
public sealed class GuideCommandsTests
{
    public static TheoryData<string> Commands()
    {
        var commands = new TheoryData<string>();
        foreach (var page in Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "docs", "guides"), "*.md"))
        {
            var inBlock = false;
            foreach (var line in File.ReadLines(page))
            {
                if (line.StartsWith("```", StringComparison.Ordinal))
                {
                    inBlock = line == "```bash";
                }
                else if (inBlock && Call(line) is { } call)
                {
                    commands.Add(call);
                }
            }
        }

        return commands;
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_OfAGuide_IsTaken(string command)
    {
        var words = command.Replace("$PWD", "/tmp", StringComparison.Ordinal).Replace("~/", "/home/somebody/", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);

        var parsed = CommandLine.Build().Parse([.. words]);

        Assert.Empty(parsed.Errors.Select(e => e.Message));
    }

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
        return isOurs ? string.Join(' ', words.Skip(at + 1).TakeWhile(w => w is not ("|" or ">" or "&&" or "&" or "#" or ">>"))) : null;
    }
}
