using System.CommandLine;

namespace ComfyServe.Cli.Tests;

/// <summary>Every verb tells how it is used.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Verbs() => [.. Below(CommandLine.Build(), "")];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void Help_OfAVerbWithoutItsArguments_IsShown(string verb)
    {
        var parsed = CommandLine.Build().Parse($"{verb} --help");

        Assert.False(Verb.IsRefused(parsed));
        var output = new StringWriter();
        Assert.Equal(0, parsed.Invoke(new InvocationConfiguration { Output = output, Error = output }));
        Assert.Contains("Usage:", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void MissingArgument_WithoutHelp_IsRefused() => Assert.True(Verb.IsRefused(CommandLine.Build().Parse("run")));

    private static IEnumerable<string> Below(Command command, string path) =>
        command.Subcommands.SelectMany(c => Below(c, $"{path} {c.Name}".Trim()).Prepend($"{path} {c.Name}".Trim()));
}
