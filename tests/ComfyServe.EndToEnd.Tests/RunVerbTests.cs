using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Testing;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary><c>comfyserve run</c> as a user calls it: a process, files in, files out.</summary>
public sealed class RunVerbTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-e2e");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Out => Path.Combine(_folder.FullName, "out");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Run_ImageScaleSample_SavesThePictureWithItsWorkflow()
    {
        await using var run = Run(Path.Combine(RepositoryRoot.Path, "samples", "image-scale.json"), "--json");

        var exitCode = await run.ExitAsync(Cancellation);

        Assert.True(exitCode == 0, run.Errors);
        var report = JsonNode.Parse(run.Output)!;
        Assert.Equal("completed", report["result"]!["status"]!.GetValue<string>());
        var saved = report["saved"]![0]!;
        Assert.StartsWith("http://127.0.0.1:", saved["url"]!.GetValue<string>(), StringComparison.Ordinal);
        var png = await File.ReadAllBytesAsync(saved["path"]!.GetValue<string>(), Cancellation);
        Assert.Equal((512, 512), Size(png));
        Assert.Contains("tEXtprompt\0{\"1\": {", Encoding.Latin1.GetString(png), StringComparison.Ordinal);
        Assert.InRange(png.Length, 50_000, 900_000); // a photograph, not a flat picture
    }

    [Fact]
    public async Task Run_ForPeople_ShowsNodesFileAndTimingsAndNoUrlThatEndsWithIt()
    {
        await using var run = Run(WriteInstant());

        var exitCode = await run.ExitAsync(Cancellation);

        Assert.True(exitCode == 0, run.Errors);
        Assert.Contains("instant_00001_.png", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", run.Output, StringComparison.Ordinal);
        Assert.Contains("s in all (", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WorkflowWithSeveralMistakes_NamesAllOfThemAndEndsWithOne()
    {
        var workflow = Write("""
            {"1": {"class_type": "EmptyImage", "inputs": {"width": 0, "height": 16, "batch_size": 5000, "color": 0}},
             "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}
            """);
        await using var run = Run(workflow);

        var exitCode = await run.ExitAsync(Cancellation);

        Assert.Equal(1, exitCode);
        Assert.Contains("width", run.Errors, StringComparison.Ordinal);
        Assert.Contains("batch_size", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WorkflowOfTheEditor_IsConvertedChangedAndRun()
    {
        var workflow = Write("""
            {"last_node_id": 3, "last_link_id": 2, "version": 0.4, "links": [[1, 1, 0, 3, 0, "IMAGE"], [2, 3, 0, 2, 0, "IMAGE"]], "nodes": [
              {"id": 1, "type": "EmptyImage", "mode": 0, "pos": [0, 0], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], "widgets_values": [16, 32, 1, 255]},
              {"id": 3, "type": "ImageInvert", "mode": 4, "inputs": [{"name": "image", "type": "IMAGE", "link": 1}], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [2]}]},
              {"id": 2, "type": "SaveImage", "mode": 0, "inputs": [{"name": "images", "type": "IMAGE", "link": 2}], "widgets_values": ["edited"]}]}
            """);
        await using var run = Run(workflow, "--json", "--set", "1.width=24");

        Assert.True(await run.ExitAsync(Cancellation) == 0, run.Errors);
        var saved = JsonNode.Parse(run.Output)!["saved"]![0]!["path"]!.GetValue<string>();
        Assert.StartsWith("edited_", Path.GetFileName(saved), StringComparison.Ordinal);
        Assert.Equal((24, 32), Size(await File.ReadAllBytesAsync(saved, Cancellation)));
    }

    [Fact]
    public async Task Run_MissingFile_EndsWithTwo()
    {
        await using var run = Run(Path.Combine(_folder.FullName, "none.json"));

        Assert.Equal(2, await run.ExitAsync(Cancellation));
        Assert.Contains("none.json", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NobodyListens_EndsWithThree()
    {
        await using var run = Run(WriteInstant(), "--api", "http://127.0.0.1:9");

        Assert.Equal(3, await run.ExitAsync(Cancellation));
    }

    [Fact]
    public async Task EngineAndApi_StartedApart_ServeARunAndStopCleanly()
    {
        await using var engine = ComfyServeProcess.Start(["engine", "--port", "0", "--data", _folder.FullName]);
        var engineUrl = await engine.ReadyAsync(Cancellation);
        await using var api = ComfyServeProcess.Start(["api", "--port", "0", "--engine", engineUrl.ToString(), "--data", _folder.FullName]);
        var apiUrl = await api.ReadyAsync(Cancellation);
        await using var run = Run(WriteInstant(), "--api", apiUrl.ToString());

        Assert.True(await run.ExitAsync(Cancellation) == 0, run.Errors);
        Assert.Equal(0, await api.StopAsync(Cancellation));
        Assert.Equal(0, await engine.StopAsync(Cancellation));
    }

    private static (int Width, int Height) Size(ReadOnlySpan<byte> png) =>
        (BinaryPrimitives.ReadInt32BigEndian(png[16..]), BinaryPrimitives.ReadInt32BigEndian(png[20..]));

    private string WriteInstant() => Write(InstantWorkflow.Text);

    private string Write(string workflow)
    {
        var path = Path.Combine(_folder.FullName, "workflow.json");
        File.WriteAllText(path, workflow);
        return path;
    }

    private ComfyServeProcess Run(string workflow, params string[] more)
    {
        string[] where = more.Contains("--api") ? [] : ["--data", Path.Combine(_folder.FullName, "data")];
        return ComfyServeProcess.Start(["run", workflow, "--output", Out, .. where, .. more]);
    }
}
