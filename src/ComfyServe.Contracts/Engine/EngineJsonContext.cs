using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Engine;

/// <summary>Source-generated JSON of the engine protocol's replies with a fixed form.</summary>
[JsonSerializable(typeof(EngineFeatures))]
[JsonSerializable(typeof(EngineSystemStats))]
[JsonSerializable(typeof(UploadedFile))]
[JsonSerializable(typeof(IReadOnlyList<ModelFolderEntry>))]
[JsonSerializable(typeof(IReadOnlyList<ModelFileEntry>))]
[JsonSerializable(typeof(UserFile))]
[JsonSerializable(typeof(IReadOnlyList<UserFile>))]
[JsonSerializable(typeof(IReadOnlyList<UserEntry>))]
[JsonSerializable(typeof(IReadOnlyList<LogLine>))]
public sealed partial class EngineJsonContext : JsonSerializerContext;
