using System.Text;
using ComfyServe.Cli.Run;
using ComfyServe.Testing;
using ComfyServe.Workflows.Pictures;

namespace ComfyServe.Cli.Tests.Run;

public sealed class WorkflowFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-cli");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("1.width=64", "64")]
    [InlineData("1.scale=0.5", "0.5")]
    [InlineData("1.text=12", "\"12\"")]
    [InlineData("1.text=a=b", "\"a=b\"")]
    [InlineData("1.flag=true", "true")]
    [InlineData("1.seed=18446744073709551615", "18446744073709551615")]
    public void Set_Value_TakesTheTypeOfWhatItReplaces(string assignment, string expected)
    {
        var file = Read("""{"1": {"class_type": "A", "inputs": {"width": 8, "scale": 1.0, "text": "x", "flag": false, "seed": 0}}}""");

        file.Set(assignment);

        Assert.Equal(expected, file.Graph["1"]!["inputs"]![assignment[2..assignment.IndexOf('=', StringComparison.Ordinal)]]!.ToJsonString());
    }

    [Theory]
    [InlineData("1.width")]
    [InlineData("width=3")]
    [InlineData("=3")]
    public void Set_Malformed_SaysTheForm(string assignment)
    {
        var file = Read("""{"1": {"class_type": "A", "inputs": {}}}""");

        var error = Assert.Throws<UsageException>(() => file.Set(assignment));

        Assert.Contains("NODE.INPUT=VALUE", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_UnknownNode_NamesThoseThatExist()
    {
        var file = Read("""{"1": {"class_type": "A", "inputs": {}}, "7": {"class_type": "B", "inputs": {}}}""");

        var error = Assert.Throws<UsageException>(() => file.Set("2.width=3"));

        Assert.Contains("'1', '7'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A", "1.widht=3", "'width', 'text'")]
    [InlineData("SaveImage", "1.prefix=x", "'width', 'text', 'images', 'filename_prefix'")]
    public void Set_UnknownInput_NamesThoseThatExist(string type, string assignment, string named)
    {
        var file = Read("""{"1": {"class_type": "TYPE", "inputs": {"width": 1, "text": "x"}}}""".Replace("TYPE", type, StringComparison.Ordinal));

        var error = Assert.Throws<UsageException>(() => file.Set(assignment));

        Assert.EndsWith($"it has {named}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_OptionalInputThatTheFileLeavesOut_IsAdded()
    {
        var file = Read("""{"1": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}}}""");

        file.Set("1.filename_prefix=x");

        Assert.Equal("x", (string?)file.Graph["1"]!["inputs"]!["filename_prefix"]);
    }

    [Fact]
    public void Read_EditorFormat_IsKnownAsSuchUntilConverted()
    {
        var file = Read("""{"nodes": [], "links": []}""");

        Assert.True(file.IsEditorFormat);
        Assert.False(file.With([]).IsEditorFormat);
        Assert.Equal(file.Folder, file.With([]).Folder);
    }

    [Theory]
    [InlineData("[1]", "is no workflow. It is a list")]
    [InlineData("{", "not JSON")]
    [InlineData("{}", "is no workflow. It is an empty object")]
    [InlineData("""{"steps": 4}""", "is no workflow. It has 'steps' and no workflow")]
    public void Read_Wrong_SaysWhat(string content, string expected)
    {
        var error = Assert.Throws<UsageException>(() => Read(content));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Missing_NamesTheFile()
    {
        var error = Assert.Throws<UsageException>(() => WorkflowFile.Read("/nowhere/w.json"));

        Assert.Contains("/nowhere/w.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("37-nan.json")]
    [InlineData("47-prompt-wrapper.json")]
    [InlineData("49-runpod-envelope.json")]
    public void Read_FilesOfTheField_InEveryEncoding_AreWorkflows(string name)
    {
        var text = File.ReadAllText(RepositoryRoot.Data("workflows", name));
        var path = Path.Combine(_folder.FullName, name);
        foreach (var encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true), new UnicodeEncoding(false, false)])
        {
            File.WriteAllBytes(path, [.. encoding.Preamble, .. encoding.GetBytes(text)]);

            var file = WorkflowFile.Read(path);

            Assert.Equal("EmptyImage", (string?)file.Graph["1"]!["class_type"]);
            Assert.False(file.IsEditorFormat);
            Assert.Equal(name.StartsWith("49", StringComparison.Ordinal), file.Images is not null);
            Assert.Equal("EmptyImage", (string?)file.ToRequest("x")["input"]!["workflow_json"]!["1"]!["class_type"]);
        }
    }

    [Fact]
    public void Read_EditorsFileWithAByteOrderMark_IsTheEditors()
    {
        var path = Path.Combine(_folder.FullName, "w.json");
        File.WriteAllText(path, File.ReadAllText(RepositoryRoot.Data("workflows", "08-editor-get-set.json")), new UTF8Encoding(true));

        Assert.True(WorkflowFile.Read(path).IsEditorFormat);
    }

    [Fact]
    public void Read_PictureWithoutAWorkflow_SaysSo()
    {
        var path = Path.Combine(_folder.FullName, "w.png");
        File.WriteAllBytes(path, PngTextReader.Signature.ToArray());

        Assert.Contains("a picture without a workflow", Assert.Throws<UsageException>(() => WorkflowFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Envelope_IsUnwrapped()
    {
        var file = Read("""{"input": {"workflow_json": {"1": {"class_type": "A", "inputs": {}}}}}""");

        Assert.Equal("A", file.Graph["1"]!["class_type"]!.ToString());
    }

    [Fact]
    public void LocalInputs_FileBesideTheWorkflow_BecomesADataUri()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "input"));
        File.WriteAllBytes(Path.Combine(_folder.FullName, "input", "a.png"), [1, 2, 3]);
        File.WriteAllBytes(Path.Combine(_folder.FullName, "b.jpg"), [4]);
        var file = Read("""{"1": {"class_type": "LoadImage", "inputs": {"image": "a.png", "mask": "b.jpg", "file": "no.png", "video": "../b.jpg"}}}""");

        var found = file.LocalInputs().ToList();
        found.ForEach(static i => i.Inline());

        Assert.Equal(["image", "mask"], found.Select(i => i.Name));
        Assert.Equal("data:image/png;base64,AQID", file.Graph["1"]!["inputs"]!["image"]!.ToString());
        Assert.Equal("data:image/jpeg;base64,BA==", file.Graph["1"]!["inputs"]!["mask"]!.ToString());
    }

    [Theory]
    [InlineData("CLIPTextEncode", "text", "notes.txt")]
    [InlineData("CLIPTextEncode", "text", ".env")]
    [InlineData("LoraLoader", "lora_name", "style.safetensors")]
    [InlineData("CheckpointLoaderSimple", "ckpt_name", "style.safetensors")]
    [InlineData("PreviewAny", "source", "notes.txt")]
    [InlineData("LoadImageFromUrl", "image", "notes.txt")]
    [InlineData("SaveImage", "filename_prefix", "notes.txt")]
    [InlineData("StringConcatenate", "image", "notes.txt")]
    public void LocalInputs_TextThatIsAFilesNameToo_StaysAText(string type, string input, string value)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, value), "secret");

        Assert.Empty(Read($$"""{"1": {"class_type": "{{type}}", "inputs": {"{{input}}": "{{value}}"} } }""").LocalInputs());
    }

    private WorkflowFile Read(string content)
    {
        var path = Path.Combine(_folder.FullName, "workflow.json");
        File.WriteAllText(path, content);
        return WorkflowFile.Read(path);
    }
}
