using System.Text.RegularExpressions;
using ComfyServe.Testing;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>The compose files: what they name is there, and what must agree agrees. Anchors and merge keys are resolved by the parser.</summary>
public sealed partial class ComposeTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Path, "deploy");

    public static TheoryData<string> Files => ["compose.yaml", "compose.comfyui.yaml"];

    [Fact]
    public void Services_OfTheFleet_AreAllThere() => Assert.Equal(
        ["database", "gateway", "machine-1", "machine-2", "provision", "s3", "worker-1", "worker-2"],
        Load("compose.yaml").Keys("services").Order());

    [Theory]
    [MemberData(nameof(Files))]
    public void Names_OfServicesAndVolumes_AreThere(string file)
    {
        var all = Load("compose.yaml");
        var own = Load(file);
        var services = all.Keys("services").Concat(own.Keys("services")).ToHashSet();
        var volumes = all.Keys("volumes").ToHashSet();

        Assert.All(own.Keys("services"), name =>
        {
            var service = own.At("services", name)!;
            Assert.Subset(services, service.Keys("depends_on").ToHashSet());
            Assert.Subset(volumes, service.List("volumes").Select(static v => v.ToString().Split(':')[0]).ToHashSet());
            Assert.True(service.Text("network_mode") is not { } mode || services.Contains(mode["service:".Length..]), $"'{name}' shares the network of nobody");
        });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Variables_ThatMustBeSet_AreInTheExample(string file)
    {
        var example = File.ReadLines(Path.Combine(Folder, "compose.env.example")).Select(static l => l.Split('=')[0].TrimStart('#', ' ')).ToHashSet();

        Assert.All(Wanted().Matches(File.ReadAllText(Path.Combine(Folder, file))).Select(static m => m.Groups["name"].Value), name => Assert.Contains(name, example));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void Worker_OfAMachine_TellsThePortUnderWhichItIsReached(string number)
    {
        var compose = Load("compose.yaml");
        var published = compose.List("services", $"machine-{number}", "ports").Select(static p => p.ToString()).Single();

        Assert.Equal($"service:machine-{number}", compose.Text("services", $"worker-{number}", "network_mode"));
        Assert.Equal($"{compose.Text("services", $"worker-{number}", "environment", "VAST_TCP_PORT_3000")}:3000", published);
    }

    [Fact]
    public void Services_ThatOthersWaitForAsHealthy_HaveAHealthCheck()
    {
        var compose = Load("compose.yaml");
        var dockerfile = File.ReadAllText(Path.Combine(Folder, "Dockerfile"));
        var awaited = from name in compose.Keys("services")
                      from other in compose.Keys("services", name, "depends_on")
                      where compose.Text("services", name, "depends_on", other, "condition") == "service_healthy"
                      select other;

        Assert.Contains("HEALTHCHECK", dockerfile, StringComparison.Ordinal);
        Assert.All(awaited.Distinct(), name => Assert.True(
            compose.At("services", name, "healthcheck") is not null || compose.Text("services", name, "image")!.StartsWith("comfyserve:", StringComparison.Ordinal), $"'{name}' has no health check"));
    }

    [Fact]
    public void Ports_OfTheHost_AreUsedOnce()
    {
        var compose = Load("compose.yaml");
        var ports = compose.Keys("services").SelectMany(s => compose.List("services", s, "ports")).Select(static p => p.ToString().Split(':')[0]).ToList();

        Assert.Equal(ports.Distinct(), ports);
    }

    // Merge keys are resolved while it is read as plain objects; written out, there are none left.
    private static YamlMappingNode Load(string file)
    {
        using var reader = new StringReader(File.ReadAllText(Path.Combine(Folder, file)));
        var content = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(new MergingParser(new Parser(reader)));
        return Yaml.Documents(new SerializerBuilder().DisableAliases().Build().Serialize(content)).Single();
    }

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+):\?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Wanted();
}
