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

    [Theory]
    [InlineData("", "Start with:", "")]
    [InlineData("models", "pull <NAME|URL>", "")]
    [InlineData("frobnicate", "", "there is no command 'frobnicate' here")]
    [InlineData("models frobnicate", "", "there is no command 'frobnicate' here")]
    [InlineData("up --gateway-port 99999", "", "'--gateway-port' must be between 0 and 65535")]
    public void MistakenVerb_GetsTheHelpOrOneReason(string line, string help, string reason)
    {
        var output = new StringWriter();
        var error = new StringWriter();

        var exitCode = Verb.Refuse(CommandLine.Build().Parse(line), output, error);

        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.Contains(help, output.ToString(), StringComparison.Ordinal);
        Assert.Equal(reason.Length == 0 ? [] : [$"comfyserve: {reason}"], error.ToString().Split('\n').Where(static l => l.Length > 0).SkipLast(1));
    }

    private static IEnumerable<string> Below(Command command, string path) =>
        command.Subcommands.SelectMany(c => Below(c, $"{path} {c.Name}".Trim()).Prepend($"{path} {c.Name}".Trim()));
}
