using System.Text.RegularExpressions;
using ComfyServe.Testing;

namespace ComfyServe.Cli.Tests;

/// <summary>Every call of our program in <c>deploy/</c> is one that the command line takes.</summary>
public sealed partial class DeployCommandsTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Path, "deploy");

    public static TheoryData<string> Commands() => [.. Units().Concat(Lists("compose.yaml")).Concat(Lists("compose.comfyui.yaml")).Concat(Lists("Dockerfile")).Concat(Chart()).Concat(Scripts()).Distinct()];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_OfDeploy_IsTaken(string command)
    {
        var parsed = CommandLine.Build().Parse([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Empty(parsed.Errors.Select(static e => e.Message));
    }

    [Fact]
    public void Commands_OfDeploy_AreFound()
    {
        string[] verbs = ["api", "clean", "gateway", "provision", "run", "up", "worker", "workers", "endpoints"];

        Assert.Subset(Commands().Select(static c => c.Data.Split(' ')[0]).ToHashSet(), verbs.ToHashSet());
    }

    private static IEnumerable<string> Units() => Directory.GetFiles(Path.Combine(Folder, "systemd"), "*.service").SelectMany(File.ReadLines)
        .Where(static l => l.StartsWith("Exec", StringComparison.Ordinal)).SelectMany(static l => Call().Matches(l)).Select(static m => m.Groups["arguments"].Value.Trim());

    // command: [gateway, --host, 0.0.0.0], and CMD ["up"]
    private static IEnumerable<string> Lists(string file) => File.ReadLines(Path.Combine(Folder, file)).Select(static l => List().Match(l)).Where(static m => m.Success)
        .Select(static m => Plain(m.Groups["words"].Value)).Where(static w => !w.Contains('$', StringComparison.Ordinal) && w != "worker-entry" && !w.StartsWith("sh ", StringComparison.Ordinal));

    private static IEnumerable<string> Chart() => Directory.GetFiles(Path.Combine(Folder, "helm", "comfyserve", "templates"), "*.yaml").SelectMany(File.ReadLines)
        .Select(static l => Arguments().Match(l)).Where(static m => m.Success).Select(static m => Plain(Value().Replace(m.Groups["words"].Value, "https://example.org/p.yaml")));

    private static IEnumerable<string> Scripts() => new[] { Path.Combine("docker", "worker-entry"), "build-image" }.SelectMany(static f => File.ReadLines(Path.Combine(Folder, f)))
        .Where(static l => !l.TrimStart().StartsWith('#') && !l.Contains("echo", StringComparison.Ordinal)).SelectMany(static l => Call().Matches(l))
        .Select(static m => Default().Replace(m.Groups["arguments"].Value, "comfyui-json").Replace("\"$@\"", "", StringComparison.Ordinal).Trim());

    private static string Plain(string words) => string.Join(' ', words.Split(',').Select(static w => w.Trim().Trim('"', '\'')));

    [GeneratedRegex(@"(^|[\s/])comfyserve\s(?<arguments>[a-z][^;>|&']*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Call();

    [GeneratedRegex(@"^\s*(command:|CMD)\s*\[(?<words>[^\]]*)\]\s*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex List();

    [GeneratedRegex(@"^\s*args:\s*\[(?<words>.*)\]\s*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Arguments();

    [GeneratedRegex(@"\{\{.*?\}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Value();

    [GeneratedRegex(@"""\$\{COMFYSERVE_ENDPOINT:-comfyui-json\}""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Default();
}
