using System.IO.Compression;
using ComfyServe.Testing.Engines;
using ComfyServe.Testing.Web;

namespace ComfyServe.Api.Tests.Inputs;

/// <summary>Hosts that send files with a <c>Content-Encoding</c>: object stores do, asked for or not.</summary>
public sealed class EncodedInputTests
{
    private static readonly byte[] Png = FakeImage.Png("encoded", 20_000);

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("GZIP")]
    [InlineData("deflate")]
    [InlineData("deflate-raw")]
    [InlineData("br")]
    [InlineData("identity")]
    [InlineData("gzip, br")]
    [InlineData("br, identity, gzip")]
    public async Task Run_EncodedInput_IsUndone(string encoding)
    {
        await using var server = await FileServer.StartAsync(Send(Encode(Png, encoding), encoding));
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Load(server));

        Assert.True(status == 200, answer.ToJsonString());
        Assert.Equal(Png, host.Engine.File("input", "", (string)host.Engine.Submitted.Single().Graph["1"]!["inputs"]!["image"]!));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("deflate-raw")]
    [InlineData("br")]
    [InlineData("gzip, gzip")]
    public async Task Run_Bomb_IsStoppedAtTheLimitOfDecodedBytes(string encoding)
    {
        await using var server = await FileServer.StartAsync(Send(Encode(new byte[50_000_000], encoding), encoding));
        await using var host = await StartAsync(limit: 100_000);

        var (status, answer) = await host.RunAsync(Load(server));

        Assert.Equal((422, "input_refused"), (status, (string?)answer["error"]!["code"]));
        Assert.Contains("larger than 100000 bytes", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(host.Folder, "inputs")));
    }

    [Theory]
    [InlineData("gzip", false)]
    [InlineData("deflate", false)]
    [InlineData("deflate-raw", false)]
    [InlineData("br", false)]
    [InlineData("gzip", true)]
    [InlineData("deflate", true)]
    [InlineData("br", true)]
    [InlineData("zstd", true)]
    [InlineData("gzip, gzip, gzip, gzip", true)]
    public async Task Run_EncodingCutOffOrNotWhatItSays_IsRefused(string encoding, bool isOther)
    {
        var bytes = isOther ? Png : Cut(Encode(Png, encoding));
        await using var server = await FileServer.StartAsync(Send(bytes, encoding));
        await using var host = await StartAsync();

        var (status, answer) = await host.RunAsync(Load(server));

        Assert.Equal((422, "input_refused"), (status, (string?)answer["error"]!["code"]));
        Assert.Contains("encod", (string?)answer["message"], StringComparison.Ordinal);
        Assert.Empty(host.Engine.Submitted);
    }

    private static Microsoft.AspNetCore.Http.RequestDelegate Send(byte[] bytes, string encoding) => context =>
    {
        context.Response.Headers.ContentEncoding = encoding.Replace("-raw", "", StringComparison.Ordinal);
        return FileServer.Bytes(bytes, "image/png")(context);
    };

    private static byte[] Cut(byte[] bytes) => bytes[..(bytes.Length / 2)];

    private static byte[] Encode(byte[] bytes, string encodings)
    {
        foreach (var encoding in encodings.ToLowerInvariant().Split(", ").Where(static e => e != "identity"))
        {
            var buffer = new MemoryStream();
            using (Stream encoder = encoding switch
            {
                "gzip" or "x-gzip" => new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true),
                "deflate" => new ZLibStream(buffer, CompressionLevel.Fastest, leaveOpen: true),
                "deflate-raw" => new DeflateStream(buffer, CompressionLevel.Fastest, leaveOpen: true),
                _ => new BrotliStream(buffer, CompressionLevel.Fastest, leaveOpen: true),
            })
            {
                encoder.Write(bytes);
            }

            bytes = buffer.ToArray();
        }

        return bytes;
    }

    private static Task<ApiHost> StartAsync(long limit = 1_000_000) => ApiHost.StartAsync(o => (o.AllowedHosts, o.ChecksWorkflows, o.Inputs.MaxBytes) = (["127.0.0.1"], false, limit));

    private static string Load(FileServer server) => $$$$"""{"1": {"class_type": "LoadImage", "inputs": {"image": "{{{{server.BaseUrl}}}}/x.png"}}}""";
}
