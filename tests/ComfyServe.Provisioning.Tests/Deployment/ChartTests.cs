using System.Diagnostics;
using ComfyServe.Testing;
using YamlDotNet.RepresentationModel;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>The Helm chart, rendered by <see cref="GoTemplate"/>, and by helm itself where it is installed: then both must agree.</summary>
public sealed class ChartTests
{
    private static readonly string Chart = Path.Combine(RepositoryRoot.Path, "deploy", "helm", "comfyserve");

    private static readonly Dictionary<string, string> Everything = new()
    {
        ["workers.gpu.nvidia\\.com/gpu"] = "1",
        ["workers.nodeSelector.pool"] = "gpu",
        ["workers.tolerations[0].key"] = "gpu",
        ["workers.tolerations[0].operator"] = "Exists",
        ["workers.storage.className"] = "fast",
        ["provisioning.manifest"] = "https://example.org/p.yaml",
        ["objectStore.endpoint"] = "https://s3.example.org",
    };

    private static readonly string[] Probes = ["startupProbe", "readinessProbe", "livenessProbe"];

    public static TheoryData<bool> Both => [false, true];

    [Theory]
    [MemberData(nameof(Both))]
    public void Chart_Rendered_HasEveryPart(bool everything)
    {
        var rendered = Render(everything);

        Assert.Equal(
            ["Deployment gateway", "PodDisruptionBudget gateway", "PodDisruptionBudget worker", "Service gateway", "Service workers", "StatefulSet worker"],
            rendered.Select(static d => $"{d.Text("kind")} {d.Text("metadata", "name")?.Replace("fleet-", "", StringComparison.Ordinal)}").Order());
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Selectors_OfEveryPart_FindPods(bool everything)
    {
        var rendered = Render(everything);
        var pods = Pods(rendered).Select(static p => p.Texts("metadata", "labels")).ToList();

        Assert.All(rendered, document =>
        {
            var selector = document.Text("kind") == "Service" ? document.Texts("spec", "selector") : document.Texts("spec", "selector", "matchLabels");
            Assert.NotEmpty(selector);
            Assert.Single(pods, p => selector.All(s => p.GetValueOrDefault(s.Key) == s.Value));
        });
        Assert.All(Workloads(rendered), static w => Assert.Subset(w.Texts("spec", "template", "metadata", "labels").ToHashSet(), w.Texts("spec", "selector", "matchLabels").ToHashSet()));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Names_InsideEveryPart_AreThere(bool everything)
    {
        var rendered = Render(everything);
        var ports = Pods(rendered).SelectMany(Containers).SelectMany(static c => c.List("ports")).Select(static p => p.Text("name")!).ToHashSet();

        Assert.All(rendered.Where(static d => d.Text("kind") == "Service").SelectMany(static s => s.List("spec", "ports")), p => Assert.Contains(p.Text("targetPort")!, ports));
        Assert.All(Workloads(rendered), static workload =>
        {
            var pod = workload.At("spec", "template")!;
            var volumes = pod.List("spec", "volumes").Select(static v => v.Text("name")).Concat(workload.List("spec", "volumeClaimTemplates").Select(static v => v.Text("metadata", "name"))).ToHashSet();
            Assert.All(Containers(pod), container =>
            {
                Assert.All(container.List("volumeMounts"), m => Assert.Contains(m.Text("name"), volumes));
                var own = container.List("ports").Select(static p => p.Text("name")).ToHashSet();
                foreach (var port in Probes.Select(p => container.Text(p, "httpGet", "port")).OfType<string>())
                {
                    Assert.Contains(port, own);
                }
            });
        });
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Pods_OfEveryPart_AreCareful(bool everything)
    {
        var rendered = Render(everything);

        Assert.All(Pods(rendered), static pod =>
        {
            Assert.Equal(("true", "1654", "false"), (pod.Text("spec", "securityContext", "runAsNonRoot"), pod.Text("spec", "securityContext", "runAsUser"), pod.Text("spec", "automountServiceAccountToken")));
            Assert.All(Containers(pod), static c =>
            {
                Assert.Equal("false", c.Text("securityContext", "allowPrivilegeEscalation"));
                Assert.Equal("comfyserve:latest", c.Text("image"));
            });
            Assert.All(pod.List("spec", "containers"), static c =>
            {
                Assert.NotNull(c.At("readinessProbe"));
                Assert.NotNull(c.At("livenessProbe"));
                Assert.NotEmpty(c.Texts("resources", "requests"));
                Assert.NotEmpty(c.Texts("resources", "limits"));
            });
        });
        Assert.All(Secrets(rendered), static s => Assert.Equal("comfyserve", s));
    }

    [Fact]
    public void Values_OfAGpuPool_ReachTheWorkers()
    {
        var worker = Pods(Render(everything: true)).Single(static p => p.Texts("metadata", "labels")["app.kubernetes.io/component"] == "worker");
        var machine = worker.List("spec", "containers").Single(static c => c.Text("name") == "machine");

        Assert.Equal("1", machine.Text("resources", "limits", "nvidia.com/gpu"));
        Assert.Equal("12Gi", machine.Text("resources", "limits", "memory"));
        Assert.Equal("gpu", worker.Text("spec", "nodeSelector", "pool"));
        Assert.Equal(("gpu", "Exists"), (worker.List("spec", "tolerations")[0].Text("key"), worker.List("spec", "tolerations")[0].Text("operator")));
        Assert.Equal(["provision", "https://example.org/p.yaml"], worker.List("spec", "initContainers")[0].List("args").Select(static a => a.ToString()));
        Assert.Contains(machine.List("env"), static e => e.Text("name") == "S3_ENDPOINT_URL" && e.Text("value") == "https://s3.example.org");
    }

    [Fact]
    public void Values_WithoutExtras_LeaveThemOut()
    {
        var worker = Pods(Render(everything: false)).Single(static p => p.Texts("metadata", "labels")["app.kubernetes.io/component"] == "worker");

        Assert.Equal((null, null, null), (worker.At("spec", "initContainers"), worker.At("spec", "nodeSelector"), worker.At("spec", "tolerations")));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Helm_WhereInstalled_RendersTheSame(bool everything)
    {
        string[] set = everything ? [.. Everything.SelectMany(static v => new[] { "--set", $"{v.Key}={v.Value}" })] : [];
        var rendered = Helm(["template", "fleet", Chart, .. set]);
        Assert.SkipWhen(rendered is null, "helm is not installed");

        static IEnumerable<string> Shown(IEnumerable<YamlMappingNode> documents) => documents.Select(Canonical).Order(StringComparer.Ordinal);
        Assert.Equal(Shown(Yaml.Documents(rendered)), Shown(Render(everything)));
        Assert.NotNull(Helm(["lint", Chart]));
    }

    [Fact]
    public void Notes_Rendered_NameTheService()
    {
        var notes = new GoTemplate(Values(everything: false), "fleet").Render(File.ReadAllText(Path.Combine(Chart, "templates", "NOTES.txt")));

        Assert.Contains("svc/fleet-gateway 8080:8080", notes, StringComparison.Ordinal);
    }

    private static IReadOnlyList<YamlMappingNode> Render(bool everything)
    {
        var template = new GoTemplate(Values(everything), "fleet");
        return [.. Directory.GetFiles(Path.Combine(Chart, "templates"), "*.yaml").Order().SelectMany(f => Yaml.Documents(template.Render(File.ReadAllText(f))))];
    }

    private static YamlMappingNode Values(bool everything)
    {
        var values = Yaml.Documents(File.ReadAllText(Path.Combine(Chart, "values.yaml"))).Single();
        foreach (var (path, value) in everything ? Everything : [])
        {
            Set(values, path, value);
        }

        return values;
    }

    // As helm's --set: dots part, a backslash keeps a dot, [0] is the first of a list.
    private static void Set(YamlMappingNode values, string path, string value)
    {
        var parts = path.Replace("\\.", "\0", StringComparison.Ordinal).Split('.').Select(static p => p.Replace('\0', '.')).ToList();
        YamlNode node = values;
        foreach (var (part, last) in parts.Select((p, i) => (p, i == parts.Count - 1)))
        {
            var name = part.Split('[')[0];
            var mapping = (YamlMappingNode)node;
            if (last)
            {
                mapping.Children[name] = new YamlScalarNode(value);
            }
            else if (part.EndsWith("[0]", StringComparison.Ordinal))
            {
                if (mapping.At(name) is not YamlSequenceNode { Children.Count: > 0 } list)
                {
                    mapping.Children[name] = list = new YamlSequenceNode(new YamlMappingNode());
                }

                node = list.Children[0];
            }
            else
            {
                node = mapping.Children[name];
            }
        }
    }

    private static IEnumerable<YamlMappingNode> Workloads(IEnumerable<YamlMappingNode> rendered) => rendered.Where(static d => d.At("spec", "template") is not null);

    private static IEnumerable<YamlNode> Pods(IEnumerable<YamlMappingNode> rendered) => Workloads(rendered).Select(static w => w.At("spec", "template")!);

    private static IEnumerable<YamlNode> Containers(YamlNode pod) => pod.List("spec", "initContainers").Concat(pod.List("spec", "containers"));

    private static IEnumerable<string?> Secrets(IEnumerable<YamlMappingNode> rendered) => rendered.SelectMany(static d => d.AllNodes).OfType<YamlMappingNode>()
        .SelectMany(static m => new[] { m.At("secretRef"), m.At("secretKeyRef") }).OfType<YamlMappingNode>().Select(static s => s.Text("name"));

    private static string Canonical(YamlNode node) => node switch
    {
        YamlMappingNode mapping => "{" + string.Join(", ", mapping.Children.Select(static c => $"{c.Key}: {Canonical(c.Value)}").Order(StringComparer.Ordinal)) + "}",
        YamlSequenceNode list => "[" + string.Join(", ", list.Children.Select(Canonical)) + "]",
        _ => node.ToString(),
    };

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
}
