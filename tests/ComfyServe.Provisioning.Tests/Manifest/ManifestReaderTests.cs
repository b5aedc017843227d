using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Tests.Manifest;

public sealed class ManifestReaderTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private static readonly string Whole =
        $$"""
        version: 1
        env:
          STYLE: ink
          FOLDER: ${ROOT:-styles}
        models:
          - sd15
          - url: https://example.org/${STYLE}.safetensors
            to: loras/${FOLDER}/
            sha256: {{new string('A', 64)}}
            size: 1_000
            when: [hf_token_valid, not civitai_token_valid]
        files:
          - to: user/settings.json
            content: '{"a": "$${b}"}'
            mode: 0600
          - to: input/photo.jpg
            url: https://example.org/photo.jpg
        apt: [libgl1, "ffmpeg=7:5.1.6-0+deb12u1"]
        nodes:
          - git: https://example.org/pack.git
            commit: {{Commit}}
            requirements: true
        pip:
          - numpy==2.1
          - "pillow>=11"
          - requirements: extra.txt
            python: /venv/bin/python
        workflows:
          - flows/portrait.json
        commands:
          - run: echo ${HOME}
            timeout: 90s
        scripts:
          - from: setup.sh
        """;

    private static readonly DataPaths Paths = new("/data");

    [Fact]
    public void Read_WholeManifest_KeepsEveryWish()
    {
        var reading = Read(Whole);

        Assert.Empty(reading.Mistakes);
        var manifest = reading.Manifest;
        Assert.Equal("styles", manifest.Environment["FOLDER"]);
        Assert.Equal("/data/models/checkpoints/v1-5-pruned-emaonly-fp16.safetensors", manifest.FetchedFiles[0].Destination);
        Assert.Equal(2_132_696_762, manifest.FetchedFiles[0].Size);
        var style = manifest.FetchedFiles[1];
        Assert.Equal("https://example.org/ink.safetensors", style.Url.AbsoluteUri);
        Assert.Equal("/data/models/loras/styles/", style.Destination);
        Assert.Equal(new string('a', 64), style.Sha256);
        Assert.Equal(1000, style.Size);
        Assert.Equal([new Condition(Token.HuggingFace, true), new Condition(Token.Civitai, false)], style.When);
        Assert.Equal("/data/input/photo.jpg", manifest.FetchedFiles[2].Destination);
        var written = Assert.Single(manifest.WrittenFiles);
        Assert.Equal("""{"a": "${b}"}""", written.Content);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, written.Mode);
        Assert.Equal(["libgl1", "ffmpeg=7:5.1.6-0+deb12u1"], manifest.AptPackages);
        var pack = Assert.Single(manifest.Repositories);
        Assert.Equal(("/data/custom_nodes/pack", Commit, true), (pack.Folder, pack.Reference, pack.Requirements));
        Assert.Equal(["numpy==2.1", "pillow>=11"], manifest.Pip[0].Packages);
        Assert.Equal(("/data/extra.txt", "/venv/bin/python"), (manifest.Pip[1].RequirementsFile, manifest.Pip[1].Python));
        Assert.Equal("/manifests/flows/portrait.json", Assert.Single(manifest.Workflows).Source);
        Assert.Equal(new CommandEntry("echo ${HOME}", TimeSpan.FromSeconds(90)) { When = manifest.Commands[0].When }, manifest.Commands[0]);
        Assert.Equal("/manifests/setup.sh", Assert.Single(manifest.Scripts).Source);
    }

    [Fact]
    public void Read_Tab_IsToldWithItsOwnLine()
    {
        var mistake = Assert.Single(Read("version: 1\nmodels:\n\t- sd15\n").Mistakes);

        Assert.Equal(3, mistake.Line);
        Assert.Contains("tab", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ManyMistakes_TellsAllWithTheirLines()
    {
        var reading = Read(
            """
            version: 2
            modles: []
            models:
              - unknown-model
              - url: ftp://example.org/a
                to: ../../etc/passwd
                sha256: 12
              - to: loras/x
              - url: https://example.org/${MISSING}
                to: loras/x
                wen: hf_token_valid
              - url: https://example.org/b
                to: loras/x
                size: many
                when: gpu
            nodes:
              - git: https://example.org/pack
                commit: main
            apt: ["--allow-unauthenticated"]
            pip: ["--index-url=http://evil"]
            commands:
              - timeout: 3d
            """);

        Assert.Equal(
            [1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 18, 19, 20, 22, 22],
            reading.Mistakes.Select(m => m.Line));
        Assert.All(reading.Mistakes, m => Assert.Equal("/manifests/test.yaml", m.Source));
    }

    [Theory]
    [InlineData("models: [", 2)]
    [InlineData("a: 1\na: 2", 2)]
    [InlineData("- list", 1)]
    [InlineData("models: text", 1)]
    public void Read_NoManifest_SaysSo(string text, int line)
    {
        var mistake = Read(text).Mistakes[0];

        Assert.Equal(line, mistake.Line);
    }

    [Fact]
    public void Read_Empty_WantsNothing()
    {
        var reading = Read("");

        Assert.Empty(reading.Mistakes);
        Assert.Empty(reading.Manifest.Entries);
    }

    [Fact]
    public void Shortcuts_AllVariables_AreRead()
    {
        var environment = new Dictionary<string, string>
        {
            ["PROVISIONING_DOWNLOADS"] = "https://example.org/a|models/loras/a ; https://example.org/b|/elsewhere/",
            ["PROVISIONING_GIT_REPOS"] = $"https://example.org/pack.git||{Commit};https://example.org/other|named|v1.2",
            ["PROVISIONING_APT"] = "libgl1 ffmpeg;jq",
            ["PROVISIONING_PIP"] = "numpy==2.1;pillow",
            ["PROVISIONING_POST_COMMANDS"] = "echo one;echo two",
            ["PROVISIONING_COMFYUI_WORKFLOWS"] = "https://example.org/flows/portrait.json?token=1",
            ["PROVISIONING_SCRIPT"] = "https://example.org/setup.sh",
        };

        var reading = EnvironmentShortcuts.Read(environment.GetValueOrDefault, Paths);

        Assert.Empty(reading.Mistakes);
        var manifest = reading.Manifest;
        Assert.Equal(["/data/models/loras/a", "/elsewhere/"], manifest.FetchedFiles.Select(f => f.Destination));
        Assert.Equal([("/data/custom_nodes/pack", true), ("/data/custom_nodes/named", false)], manifest.Repositories.Select(r => (r.Folder, r.IsPinned)));
        Assert.Equal(["libgl1", "ffmpeg", "jq"], manifest.AptPackages);
        Assert.Equal(["numpy==2.1", "pillow"], Assert.Single(manifest.Pip).Packages);
        Assert.Equal(["echo one", "echo two"], manifest.Commands.Select(c => c.Run));
        Assert.Equal("portrait.json", Assert.Single(manifest.Workflows).Name);
        Assert.Single(manifest.Scripts);
    }

    [Fact]
    public void Shortcuts_Mistakes_NameTheVariableAndNoToken()
    {
        var environment = new Dictionary<string, string>
        {
            ["PROVISIONING_DOWNLOADS"] = "https://user:pass@example.org/a?token=secret;https://example.org/b|../../x",
            ["PROVISIONING_CONDA"] = "cudatoolkit",
            ["PROVISIONING_APT"] = "-o",
        };

        var mistakes = EnvironmentShortcuts.Read(environment.GetValueOrDefault, Paths).Mistakes;

        Assert.Equal(4, mistakes.Count);
        Assert.DoesNotContain(mistakes, m => m.Message.Contains("secret", StringComparison.Ordinal) || m.Message.Contains("pass@", StringComparison.Ordinal));
    }

    private static ManifestReading Read(string text) => ManifestReader.Read(text, "/manifests/test.yaml", Paths, _ => null);
}
