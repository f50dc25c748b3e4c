// A photo, enlarged: the browser's own dialog keeps the focus inside and closes with Escape.

import { byId, icon, photoUrl } from "./dom.js";
import { phrase } from "./words.js";

export class Viewer {
  constructor() {
    this.node = byId("viewer");
    this.photos = [];
    this.at = 0;
    byId("viewer-back").append(icon("back"));
    byId("viewer-on").append(icon("on"));
    byId("viewer-back").addEventListener("click", () => this.show(this.at - 1));
    byId("viewer-on").addEventListener("click", () => this.show(this.at + 1));
    byId("viewer-close").addEventListener("click", () => this.node.close());
    this.node.addEventListener("click", (event) => event.target === this.node && this.node.close());
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.show(this.at - 1);
      if (event.key === "ArrowRight") this.show(this.at + 1);
    });
  }

  open(photos, index) {
    this.photos = photos;
    this.show(index);
    this.node.showModal();
  }

  show(index) {
    const count = this.photos.length;
    this.at = (index + count) % count;
    const photo = this.photos[this.at];
    const image = byId("viewer-photo");
    image.src = photoUrl(photo.sha256, "large");
    image.alt = photo.alt || phrase("Photo {number}", { number: this.at + 1 });
    byId("viewer-place").textContent = count > 1 ? phrase("{number} of {count}", { number: this.at + 1, count }) : "";
    byId("viewer-save").href = photoUrl(photo.sha256, "original.jpg");
    byId("viewer-back").hidden = byId("viewer-on").hidden = count < 2;
  }
}
