using System.Diagnostics;
using System.Text.RegularExpressions;
using ComfyServe.Testing;
using YamlDotNet.RepresentationModel;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>The Helm chart: rendered with helm where it is installed; otherwise its values and its braces are checked.</summary>
public sealed partial class ChartTests
{
    private static readonly string Chart = Path.Combine(RepositoryRoot.Path, "deploy", "helm", "comfyserve");

    public static TheoryData<string> Templates() => [.. Directory.GetFiles(Path.Combine(Chart, "templates"))];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Template_NamesOnlyValuesThatThereAre(string path)
    {
        var values = Load(File.ReadAllText(Path.Combine(Chart, "values.yaml")));
        var text = File.ReadAllText(path);

        Assert.Equal(text.Split("{{").Length, text.Split("}}").Length);
        Assert.Equal(Block().Count(text), text.Split("{{- end }}").Length - 1);
        Assert.All(Value().Matches(text).Select(m => m.Groups["path"].Value), name => Assert.True(Has(values, name.Split('.')), $"'{name}' is not in values.yaml"));
    }

    [Fact]
    public void Chart_Rendered_HasEveryPart()
    {
        Assert.SkipWhen(Helm("version") is null, "helm is not installed");

        var rendered = Helm("template", "fleet", Chart, "--set", "workers.gpu.nvidia\\.com/gpu=1", "--set", "provisioning.manifest=https://example.org/p.yaml");

        Assert.NotNull(rendered);
        var stream = new YamlStream();
        stream.Load(new StringReader(rendered));
        var kinds = stream.Documents.Select(d => ((YamlMappingNode)d.RootNode)["kind"].ToString()).Order();
        Assert.Equal(["Deployment", "PodDisruptionBudget", "PodDisruptionBudget", "Service", "Service", "StatefulSet"], kinds);
        Assert.Contains("nvidia.com/gpu: 1", rendered, StringComparison.Ordinal);
        Assert.Contains("initContainers", rendered, StringComparison.Ordinal);
    }

    [Fact]
    public void Compose_IsYamlAndNamesOnlyVolumesThatThereAre()
    {
        // Aliases and merge keys are resolved by the parser; a wrong anchor fails here.
        var compose = Load(File.ReadAllText(Path.Combine(RepositoryRoot.Path, "deploy", "compose.yaml")));
        var volumes = ((YamlMappingNode)compose["volumes"]).Children.Keys.Select(k => k.ToString()).ToHashSet();
        var services = ((YamlMappingNode)compose["services"]).Children;

        var used = from service in services.Values.OfType<YamlMappingNode>()
                   where service.Children.ContainsKey("volumes")
                   from volume in ((YamlSequenceNode)service["volumes"]).Children
                   select volume.ToString().Split(':')[0];

        Assert.Equal(["database", "gateway", "machine-1", "machine-2", "provision", "s3", "worker-1", "worker-2"], services.Keys.Select(k => k.ToString()).Order());
        Assert.Subset(volumes, used.ToHashSet());
    }

    private static YamlMappingNode Load(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    private static bool Has(YamlNode node, IEnumerable<string> path)
    {
        foreach (var part in path)
        {
            if (node is not YamlMappingNode mapping || !mapping.Children.TryGetValue(part, out var next))
            {
                return false;
            }

            node = next;
        }

        return true;
    }

    private static string? Helm(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("helm", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit(30_000);
            return process.ExitCode == 0 ? text : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\.Values\.(?<path>[A-Za-z0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Value();

    [GeneratedRegex(@"\{\{- (if|with|range) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();
}
